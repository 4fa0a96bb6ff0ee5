package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
)

// noArguments is the check of a command that takes flags only.
var noArguments = arguments(0, 0)

// anyNumber of arguments is the most that some commands take.
const anyNumber = -1

// arguments checks that a command gets from least to most arguments. It calls
// a missing one by its name in the usage line.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			name := strings.Fields(cmd.Use)[1+len(args)]
			return usagef("%s is missing: %s", strings.TrimRight(name, "."), usageLine(cmd))
		case most != anyNumber && len(args) > most:
			return usagef("%q is one argument too many: %s", args[most], usageLine(cmd))
		}
		return nil
	}
}

func usageLine(cmd *cobra.Command) string {
	line := cmd.CommandPath()
	if _, names, ok := strings.Cut(cmd.Use, " "); ok {
		line += " " + names
	}
	return line
}

// flagError puts into words what the command line makes of a flag.
func flagError(_ *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef("--%s %q: %s is expected", invalid.GetFlag().Name, invalid.GetValue(), config.Expected(invalid.GetFlag()))
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef("--%s needs a value", missing.GetFlag().Name)
	}
	return &usageError{err}
}

// group is the action of a command that only holds others.
func (a *app) group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	if a.print.Format == render.Text {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usagef("%s does nothing by itself; its commands are %s", cmd.CommandPath(), strings.Join(names, ", "))
}

// planned are commands that this version does not have, and what does instead.
var planned = map[string]string{
	"serve":  "gondola status shows the sessions, and gondola sync --json prints for programs how a run goes on",
	"watch":  "let cron, a systemd timer or the Task Scheduler run gondola sync: it carries what is new",
	"worker": "one process runs a session; several machines may share a store, each with sessions of its own",
}

func unknownCommand(cmd *cobra.Command, name string) error {
	if instead, ok := planned[name]; ok && !cmd.HasParent() {
		return usagef("this version has no command %q yet; %s", name, instead)
	}
	near := ""
	cmd.SuggestionsMinimumDistance = 2
	if names := cmd.SuggestionsFor(name); len(names) > 0 {
		near = fmt.Sprintf("; did you mean %s?", names[0])
	}
	return usagef("unknown command %q for %q%s", name, cmd.CommandPath(), near)
}
