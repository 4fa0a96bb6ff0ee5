package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
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
	return a.sessionsIn(ctx, uri), nothing | cobra.ShellCompDirectiveKeepOrder
}

// sessionsIn returns the ids of the sessions in a store, as far as it can be
// read.
func (a *app) sessionsIn(ctx context.Context, uri string) (ids []cobra.Completion) {
	backend, err := a.env().OpenStore(ctx, uri, registry.Looking)
	if err != nil {
		return nil
	}
	defer backend.Close()
	for s, err := range backend.Sessions(ctx) {
		if s != nil && err == nil {
			ids = append(ids, cobra.CompletionWithDesc(s.ID, standing(s)))
		}
	}
	return ids
}

// standing says in some words what a session is and how far it is; it reads no
// items.
func standing(s *state.Session) string {
	window := ""
	if w, err := s.CaptureWindow(); err == nil {
		window = w.String() + ": "
	}
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		if status := s.Stages[stage]; status != state.Completed {
			return fmt.Sprintf("%s%s %s, last used %s", window, stage, cmp.Or(status, state.Pending), s.UpdatedAt.Local().Format(time.DateOnly))
		}
	}
	return fmt.Sprintf("%scompleted, last used %s", window, s.UpdatedAt.Local().Format(time.DateOnly))
}

// completeCopy completes the arguments of copies: so many places, then ids of
// sessions in the store that is copied from, the first place if fromPlace, else
// the one that the flags name.
func (a *app) completeCopy(places int, fromPlace bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) < places {
			return completePlace(word)
		}
		if !fromPlace {
			return a.completeSessionFlag(cmd, args, word)
		}
		const nothing = cobra.ShellCompDirectiveNoFileComp
		if err := a.start(cmd, nil); err != nil {
			return nil, nothing
		}
		a.waits.to(nil)
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		uri, only, err := stores.Source(args[0])
		switch {
		case err != nil:
			return nil, nothing
		case only != "":
			return []cobra.Completion{only}, nothing
		}
		return a.sessionsIn(ctx, uri), nothing | cobra.ShellCompDirectiveKeepOrder
	}
}

// completePlace completes a PATH, which is the shell's to do, or a kind of
// store.
func completePlace(word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if word == "" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var kinds []cobra.Completion
	for _, kind := range stores.Schemes {
		if strings.HasPrefix(kind, word) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return kinds, cobra.ShellCompDirectiveNoSpace
}
