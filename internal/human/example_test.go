package human_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/human"
)

func Example() {
	fmt.Println(human.Count(1, "item"), human.Count(3, "item"), human.Size(1536), human.Size(-1))
	// Output: 1 item 3 items 1.50 KiB unknown size
}
