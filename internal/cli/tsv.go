package cli

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/gondola-sync/gondola/state"
)

// tsvColumns are q2google's.
var tsvColumns = []any{"file_name", "discovery_status", "transfer_status", "create_status"}

// writeTSV writes q2google's table: a header and one line per item of an outcome;
// "" means all. Without a backend there are no items.
func writeTSV(ctx context.Context, w io.Writer, backend state.Backend, session string, outcome state.Outcome) error {
	out := bufio.NewWriter(w)
	row(out, tsvColumns...)
	if backend != nil {
		for it, err := range itemsOf(ctx, backend, session, outcome) {
			if err != nil {
				return errors.Join(out.Flush(), err)
			}
			writeTSVItem(out, it)
		}
	}
	return out.Flush()
}

func writeTSVItem(w io.Writer, it *state.Item) {
	create := it.Create
	if it.Refusal != nil {
		create = state.Skipped
	}
	row(w, it.Name, it.Discovery, it.Transfer, create)
}
