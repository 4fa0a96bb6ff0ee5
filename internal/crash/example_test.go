package crash_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/crash"
)

// Two changes happen, and no more.
func ExampleAfter() {
	c := crash.After(2, nil)
	for n := range 4 {
		fmt.Println(n, c.Change())
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 killed
	// 3 killed
}
