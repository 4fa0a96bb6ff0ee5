package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/state"
)

func newStatus(a *app) *cobra.Command {
	var where stateFlags
	var item string
	cmd := &cobra.Command{
		Use:   "status [SESSION]",
		Short: "Say where the sessions stand, or one of them",
		Long: `Say where the sessions stand. With a session: its stages, its counts, and what
failed or is skipped, with the reasons. With --item: the whole life of one of its
items, from its identity at the source to its id at the destination.`,
		Example: `  gondola status
  gondola status gopro-gphotos-everything
  gondola status gopro-gphotos-everything --item GX010048.MP4`,
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeSessions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if item != "" && len(args) == 0 {
				return usagef("--item %s: of which session?", item)
			}
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error {
				switch {
				case len(args) == 0:
					return a.listSessions(cmd.Context(), b, where)
				case item != "":
					return a.itemStatus(cmd.Context(), b, args[0], item)
				}
				return a.sessionStatus(cmd.Context(), b, args[0])
			})
		},
	}
	where.add(cmd)
	cmd.Flags().StringVar(&item, "item", "", "tell all about the item of this `NAME`, or key")
	must(cmd.RegisterFlagCompletionFunc("item", cobra.NoFileCompletions))
	return cmd
}

func (a *app) sessionStatus(ctx context.Context, backend state.Backend, id string) error {
	s, err := a.session(ctx, backend, id)
	if err != nil {
		return err
	}
	counts, err := backend.Counts(ctx, id)
	if err != nil {
		return err
	}
	line := newSessionLine(s, counts)
	switch a.format {
	case formatJSON, formatTSV:
		a.listedSession(nil, line, true)
		return nil
	}
	line.write(a.stdout)
	writeNames(ctx, a.stdout, backend, id, quoted(id)+a.onStore, line.Items, 0, a.redact)
	return nil
}

// write shows a session to people.
func (l sessionLine) write(w io.Writer) {
	fmt.Fprintf(w, "Session   %s (%s to %s)\n", cell(l.SessionID), l.From, l.To)
	fmt.Fprintf(w, "Window    %s\n", l.windowText())
	if l.Album != "" {
		fmt.Fprintf(w, "Album     %s\n", cell(l.Album))
	}
	fmt.Fprintf(w, "Used      %s, begun %s\n", l.UpdatedAt.Local().Format(time.DateTime), l.CreatedAt.Local().Format(time.DateTime))
	fmt.Fprintf(w, "Stages    discovery %s, transfer %s, create %s\n",
		l.Stages[state.Discovery], l.Stages[state.Transfer], l.Stages[state.Create])
	if l.Copying {
		fmt.Fprintln(w, "          not whole: its copying has not come to an end; copy it again, or use the original")
	}
	fmt.Fprintf(w, "Items     %s\n", l.Items)
	fmt.Fprintf(w, "Bytes     %s of %s carried\n", size(l.Bytes.Carried), size(l.Bytes.Total))
	if !l.Verified.IsZero() {
		fmt.Fprintf(w, "Verified  %s, all that was in it then\n", when(l.Verified))
	}
}
