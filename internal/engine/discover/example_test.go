package discover_test

import (
	"context"
	"fmt"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/discover"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// known is an empty session whose account has one item.
type known struct{ carried media.ID }

func (known) Item(context.Context, string) (*state.Item, error)      { return nil, state.ErrNotFound }
func (known) ItemNamed(context.Context, string) (*state.Item, error) { return nil, state.ErrNotFound }

func (k known) Recall(_ context.Context, key string) (*state.LedgerEntry, error) {
	if key != k.carried.Key() {
		return nil, state.ErrNotFound
	}
	return &state.LedgerEntry{DestinationID: "a1"}, nil
}

func ExampleLookup() {
	first := media.ID{Station: "gopro", Medium: "m1", Part: 1}
	lookup := discover.Lookup{Known: known{first}, Refuse: func(media.Item) *media.Refusal { return nil }}
	for _, medium := range []string{"m1", "m2"} {
		facts, err := lookup.Facts(context.Background(), media.Item{ID: media.ID{Station: "gopro", Medium: medium, Part: 1}})
		fmt.Println(medium, decide.Decide(facts).Action, err)
	}
	// Output:
	// m1 there <nil>
	// m2 carry <nil>
}
