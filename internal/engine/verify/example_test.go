package verify_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// session is a store of registered items.
type session []*state.Item

func (s session) Page(_ context.Context, q state.Query) (page []*state.Item, err error) {
	for _, it := range s {
		if it.Seq > q.After {
			page = append(page, it)
		}
	}
	return page, nil
}

func (session) Put(...*state.Item) error          { return nil }
func (session) Record(...state.LedgerEntry) error { return nil }
func (session) Recall(context.Context, string) (*state.LedgerEntry, error) {
	return nil, state.ErrNotFound
}

// library is a destination that holds the items of some ids.
type library struct {
	station.Destination
	ids map[string]bool
}

func (library) Limits() station.Limits { return station.Limits{Batch: 50} }

func (l library) Inspect(_ context.Context, ids []string) ([]*station.RemoteItem, error) {
	held := make([]*station.RemoteItem, len(ids))
	for i, id := range ids {
		if l.ids[id] {
			held[i] = &station.RemoteItem{Readiness: station.Ready}
		}
	}
	return held, nil
}

func Example() {
	var items session
	for i, name := range []string{"GX010042.MP4", "GX010043.MP4"} {
		items = append(items, &state.Item{
			Item: media.Item{ID: media.ID{Station: "gopro", Medium: name, Part: 1, Label: "source"}, Name: name},
			Seq:  int64(i + 1), Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed,
			DestinationID: "id of " + name,
		})
	}
	v := verify.New(verify.Options{
		Destination: library{ids: map[string]bool{"id of GX010042.MP4": true}},
		Store:       items,
		SendBack:    true,
		Waiting:     func(fault.Wait) {},
		Log:         slog.New(slog.DiscardHandler),
		Each: func(it verify.Item) error {
			fmt.Println(it.Item.Name, it.Verdict)
			return nil
		},
	})
	if err := v.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// GX010042.MP4 verified
	// GX010043.MP4 missing
}
