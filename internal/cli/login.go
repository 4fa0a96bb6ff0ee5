package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
)

func newLogin(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Store credentials, and say what is valid and until when",
		Args:  cobra.ArbitraryArgs,
		RunE:  a.group,
	}
	for _, kind := range known {
		if opener, ok := kind.New().(registry.SignIn); ok {
			cmd.AddCommand(newLoginOf(a, kind, opener))
		}
	}
	cmd.AddCommand(newLoginStatus(a))
	return cmd
}

// newLoginOf returns the command that logs in to stations of a kind.
func newLoginOf(a *app, kind registry.Kind, opener registry.SignIn) *cobra.Command {
	var name string
	help := opener.LoginHelp()
	cmd := &cobra.Command{
		Use: kind.Login, Short: help.Short, Long: help.Long, Example: help.Example,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logIn(cmd.Context(), kind, opener, name) },
	}
	opener.AddFlags(cmd)
	opener.AddLoginFlags(cmd)
	addProfile(a, cmd, &name, kind)
	return cmd
}

// logIn logs in and reports what came of it.
func (a *app) logIn(ctx context.Context, kind registry.Kind, opener registry.SignIn, name string) error {
	result, err := opener.LogIn(ctx, a.env(), a.terminal(), name)
	if err != nil {
		return err
	}
	a.print.JSON(loginLine{
		loginHead: loginHead{Type: "login", Service: kind.Login, Profile: name, Valid: true, From: result.From},
		members:   result.Members,
	})
	fmt.Fprintln(a.talk(), result.Text)
	if result.Note != "" {
		fmt.Fprintf(a.screen, "Note: %s.\n", result.Note)
	}
	return nil
}

// terminal returns what a login talks through.
func (a *app) terminal() registry.Terminal {
	return registry.Terminal{
		In: a.stdin, Interactive: isTerminal(a.stdin), Talk: a.talk(), Screen: a.screen,
		Event: a.print.JSON,
	}
}

// addProfile adds the flag of a login for a named profile.
func addProfile(a *app, cmd *cobra.Command, name *string, kind registry.Kind) {
	var stations []string
	for _, kind := range known.Filter(registry.Kind.HasAccount) {
		stations = append(stations, kind.Scheme+"@NAME:")
	}
	cmd.Flags().StringVar(name, "profile", "", "store the credentials of the profile `NAME`, which "+strings.Join(stations, " or ")+" opens (default: the profile without a name)")
	must(cmd.RegisterFlagCompletionFunc("profile", func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.profileNames(cmd, kind), cobra.ShellCompDirectiveNoFileComp
	}))
}

// profileNames returns the names of a kind's profiles, for completion.
func (a *app) profileNames(cmd *cobra.Command, kind registry.Kind) []cobra.Completion {
	if err := a.start(cmd, nil); err != nil {
		return nil
	}
	names, err := a.profiles.Names(kind.Scheme)
	if err != nil {
		return nil
	}
	return names
}
