package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/gondola-sync/gondola/state"
)

// tsvColumns are q2google's.
const tsvColumns = "file_name\tdiscovery_status\ttransfer_status\tcreate_status"

// writeTSV writes q2google's table: a header and one line per item. Without a
// backend there are no items.
func writeTSV(ctx context.Context, w io.Writer, backend state.Backend, session string) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, tsvColumns)
	if backend != nil {
		err := itemsOf(ctx, backend, session, "", func(it *state.Item) { writeTSVItem(out, it) })
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

func writeTSVItem(w io.Writer, it *state.Item) {
	create := it.Create
	if it.Refusal != nil {
		create = state.Skipped
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", cell(it.Name), it.Discovery, it.Transfer, create)
}
