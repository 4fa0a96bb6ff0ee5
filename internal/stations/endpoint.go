package stations

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/transport"
)

// endpoint checks the address of a service, and that the proxy for it can be
// used: no command begins that could not reach it.
func endpoint(setting, raw string) (string, error) {
	base, err := config.Endpoint(setting, raw)
	if err != nil {
		return "", err
	}
	return base, transport.Check(base)
}

// isUsage reports whether an error is a setting that makes no sense.
func isUsage(err error) bool {
	_, setting := errors.AsType[*config.UsageError](err)
	_, proxy := errors.AsType[*transport.VariableError](err)
	return setting || proxy
}

// must panics on a mistake in the definition of a flag.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// completion makes a shell offer these words as the values of a flag.
func completion(cmd *cobra.Command, flag string, words ...cobra.Completion) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
}

func noCompletion(cmd *cobra.Command, flag string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions))
}
