package register_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/register"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// uploaded is a store that holds transferred items. Nothing else of a store is
// needed here.
type uploaded struct {
	register.Store
	items []*state.Item
}

func (u uploaded) Page(_ context.Context, q state.Query) (page []*state.Item, err error) {
	for _, it := range u.items {
		if it.Seq > q.After && it.Awaits() == q.Awaiting {
			page = append(page, it)
		}
	}
	return page, nil
}

func (uploaded) Put(...*state.Item) error { return nil }

// forgetful is a destination that forgets receipts after a day.
type forgetful struct{ station.Destination }

func (forgetful) Stale(r station.Receipt) bool { return time.Since(r.At) > 24*time.Hour }

func ExampleRenewStale() {
	var store uploaded
	for i, age := range []time.Duration{time.Hour, 48 * time.Hour} {
		store.items = append(store.items, &state.Item{
			Seq: int64(i + 1), Discovery: state.Completed, Transfer: state.Completed, Create: state.Pending,
			Receipt: &station.Receipt{Token: "token", At: time.Now().Add(-age)},
		})
	}
	if err := register.RenewStale(context.Background(), store, forgetful{}); err != nil {
		fmt.Println(err)
		return
	}
	for _, it := range store.items {
		fmt.Println("awaits", it.Awaits())
	}
	// Output:
	// awaits create
	// awaits transfer
}
