package carry_test

import (
	"context"
	"fmt"
)

// A carrier transfers two items of a line in memory, and its registrar registers
// them.
func Example() {
	l := newLine(1)
	l.add(7)
	l.add(7)
	close(l.listed) // the listing has ended
	fmt.Println(l.run(context.Background()))
	for _, it := range l.items {
		fmt.Println(it.Outcome())
	}
	// Output:
	// <nil>
	// created
	// created
}
