package cli

import (
	"github.com/spf13/cobra"
)

// completeSessions completes arguments that are ids of sessions.
func (a *app) completeSessions(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 && cmd.Args(cmd, append(args, word)) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // it takes no more
	}
	return a.completeSessionFlag(cmd, args, word)
}

// completeSessionFlag completes the id of a session in the backend that the
// flags name. It stays silent when there is none.
func (a *app) completeSessionFlag(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if err := a.start(cmd, nil); err != nil {
		return nil, nothing
	}
	uri, _ := cmd.Flags().GetString("state")
	dir, _ := cmd.Flags().GetString("state-dir")
	backend, err := (&stateFlags{uri: uri, dir: dir}).open(a)
	if err != nil {
		return nil, nothing
	}
	defer backend.Close()
	var ids []cobra.Completion
	for s, err := range backend.Sessions(cmd.Context()) {
		if s != nil && err == nil {
			ids = append(ids, cobra.CompletionWithDesc(s.ID, s.From+" to "+s.To))
		}
	}
	return ids, nothing | cobra.ShellCompDirectiveKeepOrder
}
