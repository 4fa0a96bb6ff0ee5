package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// completeSessions completes arguments that are ids of sessions.
func (a *app) completeSessions(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 && cmd.Args(cmd, append(args, word)) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // it takes no more
	}
	return a.completeSessionFlag(cmd, args, word)
}

// completionTime bounds how long a completion looks for sessions.
const completionTime = 2 * time.Second

// completeSessionFlag completes the id of a session in the store that the flags
// name. It makes none and stays silent when there is none.
func (a *app) completeSessionFlag(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if err := a.start(cmd, nil); err != nil {
		return nil, nothing
	}
	a.waits.to(nil)
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	flags := stateFlags{}
	flags.uri, _ = cmd.Flags().GetString("state")
	flags.dir, _ = cmd.Flags().GetString("state-dir")
	uri, err := flags.where(a)
	if err != nil {
		return nil, nothing
	}
	backend, err := a.openState(ctx, uri, looking)
	if err != nil {
		return nil, nothing
	}
	defer backend.Close()
	var ids []cobra.Completion
	for s, err := range backend.Sessions(ctx) {
		if s != nil && err == nil {
			ids = append(ids, cobra.CompletionWithDesc(s.ID, s.From+" to "+s.To))
		}
	}
	return ids, nothing | cobra.ShellCompDirectiveKeepOrder
}
