package bandwidth_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/bandwidth"
)

func ExampleParse() {
	table, err := bandwidth.Parse("08:00,512k 19:00,10M:off")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, hour := range []int{7, 8, 20} {
		up, down := table.At(time.Date(2026, 1, 8, hour, 0, 0, 0, time.UTC))
		fmt.Println(hour, up, down)
	}
	// Output:
	// 7 10M off
	// 8 512K 512K
	// 20 10M off
}

func ExampleLimiter_WaitN() {
	table, err := bandwidth.Parse("10M:off")
	if err != nil {
		fmt.Println(err)
		return
	}
	up, _ := table.Limiters()
	start := time.Now()
	for range 4 {
		if err := up.WaitN(context.Background(), 512<<10); err != nil {
			fmt.Println(err)
			return
		}
		// send 512 KiB here
	}
	fmt.Println("2 MiB took a fifth of a second:", time.Since(start) >= 190*time.Millisecond)
	// Output: 2 MiB took a fifth of a second: true
}
