package cli

import (
	"github.com/spf13/cobra"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "gondola",
		Short: "Carry media from cloud to cloud, resumably, without touching the ground",
		Long: `Gondola carries photos and videos from the GoPro cloud to Google Photos,
resumably, without touching the ground: nothing is stored on the way.

Run the same command again to go on after anything at all.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.start,
		Args:              cobra.ArbitraryArgs,
		RunE:              group,
	}
	a.global.add(root.PersistentFlags())
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetHelpCommandGroupID("")
	completeGlobals(root)
	root.AddCommand(newSync(a), newVerify(a), newList(a), newStatus(a), newSessions(a), newLogin(a), newDoctor(a), newEmulate(a), newDemo(a), newVersion(a))
	return root
}

// group is the action of a command that only holds others.
func group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q for %q%s", args[0], cmd.CommandPath(), suggestion(cmd, args[0]))
	}
	return cmd.Help()
}

func suggestion(cmd *cobra.Command, arg string) string {
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(arg); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return ""
}

func completeGlobals(root *cobra.Command) {
	for flag, words := range map[string][]cobra.Completion{
		"output":     {"text", "json", "tsv"},
		"log-level":  {"debug", "info", "warn", "error"},
		"log-format": {"text", "json"},
	} {
		must(root.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
	}
}

// must panics on a mistake in the command tree itself.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
