package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/state"
)

func newStatus(a *app) *cobra.Command {
	var where stateFlags
	var item string
	var follow bool
	cmd := &cobra.Command{
		Use:   "status [SESSION]",
		Short: "Say where the sessions stand, or one of them",
		Long: `Say where the sessions stand. With a session: its stages, its counts, and what
failed or is skipped, with the reasons. With --item: all about one of its items,
from its identity at the source to its id at the destination, with the time of each
step.

A session that another process runs, on this machine or on another one that shares
the store, is shown live: how far it is, both rates, the files in flight, what it
waits for, and when all of that was seen. With --watch: each second, until the run
ends.`,
		Example: `  gondola status
  gondola status gopro-gphotos-everything
  gondola status gopro-gphotos-everything --watch
  gondola status gopro-gphotos-everything --item GX010048.MP4`,
		Args:              arguments(0, 1),
		ValidArgsFunction: a.completeSessions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case item != "" && len(args) == 0:
				return usagef("--item %s needs a session: gondola status SESSION --item %s", quoted(item), quoted(item))
			case follow && len(args) == 0:
				return usagef("--watch needs a session: gondola status SESSION --watch")
			case follow && item != "":
				return usagef("--watch and --item are mutually exclusive")
			}
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error {
				switch {
				case len(args) == 0:
					return a.listSessions(cmd.Context(), b, where)
				case item != "":
					return a.itemStatus(cmd.Context(), b, args[0], item)
				case follow:
					return a.watchSession(cmd.Context(), b, args[0])
				}
				return a.sessionStatus(cmd.Context(), b, args[0])
			})
		},
	}
	where.add(cmd)
	cmd.Flags().StringVar(&item, "item", "", "show all about the item of this `NAME`, or key")
	cmd.Flags().BoolVarP(&follow, "watch", "w", false, "show a session that runs each second, until its run ends")
	must(cmd.RegisterFlagCompletionFunc("item", cobra.NoFileCompletions))
	return cmd
}

func (a *app) sessionStatus(ctx context.Context, backend state.Backend, id string) error {
	v, err := a.viewOf(ctx, backend, id)
	if err != nil {
		return err
	}
	a.print.Print(v)
	a.print.Text(func(w io.Writer) { writeNames(ctx, w, backend, id, quoted(id)+a.onStore, v.Items, 0, a.redact) })
	return nil
}

// TSV implements [render.Result].
func (v *sessionView) TSV(w io.Writer) {
	render.Names(w, sessionTable.TSV)
	row(w, v.Cells()...)
}

// Text implements [render.Result].
func (v *sessionView) Text(w io.Writer) {
	v.write(w)
	if v.run != nil {
		writeRun(w, v.run, v.now, v.redact)
	}
}

// write shows a session as text.
func (l sessionLine) write(w io.Writer) {
	fmt.Fprintf(w, "Session   %s (%s to %s)\n", cell(l.SessionID), l.From, l.To)
	fmt.Fprintf(w, "Window    %s\n", l.windowText())
	if l.Album != "" {
		fmt.Fprintf(w, "Album     %s\n", cell(l.Album))
	}
	fmt.Fprintf(w, "Used      %s, begun %s\n", human.Time(l.UpdatedAt), human.Time(l.CreatedAt))
	fmt.Fprintf(w, "Stages    discovery %s, transfer %s, create %s\n",
		l.Stages[state.Discovery], l.Stages[state.Transfer], l.Stages[state.Create])
	if l.Copying {
		fmt.Fprintln(w, "          not whole: its copying has not come to an end; copy it again, or use the original")
	}
	fmt.Fprintf(w, "Items     %s\n", l.Items)
	fmt.Fprintf(w, "Bytes     %s of %s carried\n", size(l.Bytes.Carried), size(l.Bytes.Total))
	if !l.Verified.IsZero() {
		fmt.Fprintf(w, "Verified  %s, all that was in it then\n", human.Time(l.Verified))
	}
}
