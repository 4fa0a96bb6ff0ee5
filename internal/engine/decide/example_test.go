package decide_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func Example() {
	listed := media.Item{ID: media.ID{Station: "folder", Medium: "GX010042.MP4", Part: 1}, Version: "2"}
	carried := &state.LedgerEntry{DestinationID: "a1", Version: "1"}

	d := decide.Decide(decide.Facts{Listed: listed, Ledger: carried})
	fmt.Println(d.Action, d.Item.Awaits()) // another version than the one that was carried

	carried.Version = "2"
	d = decide.Decide(decide.Facts{Listed: listed, Ledger: carried})
	fmt.Println(d.Action, d.Item.DestinationID)
	// Output:
	// carry transfer
	// there a1
}
