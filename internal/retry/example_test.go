package retry_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/internal/retry"
)

func ExampleDo() {
	calls := 0
	err := retry.Do(context.Background(), retry.Policy{Base: time.Millisecond}, func(context.Context) error {
		if calls++; calls < 3 {
			return errors.New("connection reset")
		}
		return nil
	})
	fmt.Println(calls, err)
	// Output: 3 <nil>
}
