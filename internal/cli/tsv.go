package cli

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/state"
)

// writeTSV writes q2google's table: a header and one line per item. Without a
// backend there are no items.
func writeTSV(ctx context.Context, w io.Writer, backend state.Backend, session string) error {
	out := bufio.NewWriter(w)
	render.Names(out, itemTable.TSV)
	if backend != nil {
		for it, err := range backend.Items(ctx, session, state.Query{}) {
			if err != nil {
				return errors.Join(out.Flush(), err)
			}
			row(out, statusCells(it)...)
		}
	}
	return out.Flush()
}

// statusCells returns the cells of an item in q2google's table.
func statusCells(it *state.Item) []any {
	create := it.Create
	if it.Refusal != nil {
		create = state.Skipped
	}
	return []any{it.Name, it.Discovery, it.Transfer, create}
}
