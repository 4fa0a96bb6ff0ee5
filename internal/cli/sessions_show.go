package cli

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"text/tabwriter"

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
	switch a.print.Format {
	case render.TSV:
		return writeTSV(ctx, a.stdout, backend, id, outcome)
	case render.JSON:
		a.json(v.sessionLine)
		for it, err := range itemsOf(ctx, backend, id, outcome) {
			if err != nil {
				return err
			}
			a.json(newSessionItemLine(it, a.redact))
		}
		return nil
	}
	a.writeSession(v)
	fmt.Fprintln(a.stdout)
	return a.writeItems(itemsOf(ctx, backend, id, outcome))
}

// writeItems shows items as a table.
func (a *app) writeItems(items iter.Seq2[*state.Item, error]) error {
	table := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	row(table, "NAME", "SIZE", "DISCOVERY", "TRANSFER", "CREATE", "REASON")
	for it, err := range items {
		if err != nil {
			return err
		}
		l := newSessionItemLine(it, a.redact)
		why := ""
		if l.Error != nil {
			why = l.Error.Message
		}
		row(table, l.Name, size(it.Size), l.Discovery, l.Transfer, l.Create, why)
	}
	return table.Flush()
}
