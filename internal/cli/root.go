package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "gondola",
		Short: "Carry media from cloud to cloud, resumably, without touching the ground",
		Long: `Gondola carries photos and videos from the GoPro cloud to Google Photos,
resumably, without touching the ground: nothing is stored on the way.

Run the same command again to go on after anything at all.`,
		Example: `  gondola demo                # see it at work; no account needed
  gondola login gopro
  gondola login google
  gondola sync --dry-run      # what would be carried, what not and why
  gondola sync
  gondola audit               # is everything at a destination, so that it is safe to cancel?`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.start,
		Args:              cobra.ArbitraryArgs,
		RunE:              a.group,
	}
	a.global.add(root.PersistentFlags())
	root.CompletionOptions.HiddenDefaultCmd = false
	completeGlobals(root)
	root.SetFlagErrorFunc(flagError)
	explain(a, root)
	addGroup(root, "carry", "Carry", newSync(a), newVerify(a), newAudit(a))
	addGroup(root, "look", "Look", newList(a), newStatus(a), newSessions(a))
	addGroup(root, "setup", "Set up", newLogin(a), newDoctor(a))
	addGroup(root, "try", "Try without an account", newDemo(a), newEmulate(a))
	root.AddCommand(newVersion(a))
	return root
}

func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title + ":"})
	for _, cmd := range commands {
		cmd.GroupID = id
	}
	root.AddCommand(commands...)
}

// explain prepares what --help shows: also that flags have variables. It goes to
// standard error where JSON was asked for.
func explain(a *app, root *cobra.Command) {
	root.SetUsageTemplate(strings.TrimRight(root.UsageTemplate(), "\n") + `{{if .HasAvailableFlags}}

Every flag has an environment variable, --state-dir is GONDOLA_STATE_DIR, and a
key in the config file, state-dir.{{end}}
`)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if wantsJSON(a.args) {
			cmd.SetOut(a.screen)
		}
		help(cmd, args)
	})
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
