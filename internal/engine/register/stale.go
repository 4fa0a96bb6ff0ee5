package register

import (
	"context"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// RenewStale sends items back to transfer whose receipt is missing or too old to
// be spent. It runs before the stages.
func RenewStale(ctx context.Context, store Store, to station.Destination) error {
	expirer, _ := to.(station.Expirer)
	var after int64
	for {
		page, err := store.Page(ctx, state.Query{Awaiting: state.Create, After: after, Limit: pageSize})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, it := range page {
			after = it.Seq
			if it.Receipt != nil && (expirer == nil || !expirer.Stale(*it.Receipt)) || lifecycle.GivenUp(it) {
				continue
			}
			lifecycle.ResetTransfer(it)
			if err := store.Put(it); err != nil {
				return err
			}
		}
	}
}
