package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/suggest"
	"github.com/gondola-sync/gondola/state"
)

// outcomes are what items can be filtered by.
var outcomes = []cobra.Completion{
	string(state.OutcomeCreated), string(state.OutcomeAlreadyThere), string(state.OutcomeSkipped),
	string(state.OutcomeFailed), string(state.OutcomePending),
}

func newSessionsShow(a *app) *cobra.Command {
	var where stateFlags
	var outcome string
	cmd := &cobra.Command{
		Use:   "show SESSION",
		Short: "Show a session with all its items",
		Example: `  gondola sessions show gopro-gphotos-everything --outcome failed
  gondola sessions show gopro-gphotos-everything --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeSessions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if outcome != "" && !slices.Contains(outcomes, outcome) {
				return usagef("--outcome %q: created, already_there, skipped, failed or pending is expected%s", outcome,
					suggest.DidYouMean(outcome, "created", "already_there", "skipped", "failed", "pending"))
			}
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error {
				return a.showSession(cmd.Context(), b, args[0], state.Outcome(outcome))
			})
		},
	}
	where.add(cmd)
	cmd.Flags().StringVar(&outcome, "outcome", "", "only items with this `OUTCOME`: created, already_there, skipped, failed or pending")
	must(cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(outcomes, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) showSession(ctx context.Context, backend state.Backend, id string, outcome state.Outcome) error {
	v, err := a.viewOf(ctx, backend, id)
	if err != nil {
		return err
	}
	a.print.Print(sessionHead{v})
	rows := a.print.Rows(itemTable)
	for it, err := range backend.Items(ctx, id, state.Query{Outcome: outcome}) {
		if err != nil {
			return err
		}
		rows.Add(itemRow{newSessionItemLine(it, a.redact), it})
	}
	return rows.Close()
}

// sessionHead is a session above its items.
type sessionHead struct{ *sessionView }

// Text implements [render.Result].
func (h sessionHead) Text(w io.Writer) {
	h.sessionView.Text(w)
	fmt.Fprintln(w)
}

// TSV implements [render.Result]: as TSV, the items are the result.
func (sessionHead) TSV(io.Writer) {}

// itemTable is the table of a session's items; as TSV it is q2google's.
var itemTable = render.Table{
	TSV:    []string{"file_name", "discovery_status", "transfer_status", "create_status"},
	Titles: []string{"NAME", "SIZE", "DISCOVERY", "TRANSFER", "CREATE", "REASON"},
	Widths: []int{40, 12, 9, 9, 9}, // a session may have a million items: they are not held
	Headed: true,
}

// itemRow is an item of a session as it is printed.
type itemRow struct {
	sessionItemLine
	it *state.Item
}

// Cells implements [render.Row].
func (r itemRow) Cells() []any { return statusCells(r.it) }

// Texts implements [render.Row].
func (r itemRow) Texts() []any {
	why := ""
	if r.Error != nil {
		why = r.Error.Message
	}
	return []any{r.Name, size(r.it.Size), r.Discovery, r.Transfer, r.Create, why}
}
