package lifecycle_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func Example() {
	it := &state.Item{Item: media.Item{Size: 100}, Discovery: state.Completed}
	fmt.Println(it.Awaits())
	lifecycle.Transferred(it, station.Receipt{Token: "t", Size: 98})
	fmt.Println(it.Awaits())
	lifecycle.ResetTransfer(it) // the destination refuses the receipt
	fmt.Println(it.Awaits(), it.CarriedAgain)
	lifecycle.Transferred(it, station.Receipt{Token: "u", Size: 98})
	lifecycle.Created(it, "a1")
	fmt.Println(it.Outcome(), "-", it.Remark())
	// Output:
	// transfer
	// create
	// transfer 1
	// created - it has 98 bytes, 2 fewer than the source's record says
}
