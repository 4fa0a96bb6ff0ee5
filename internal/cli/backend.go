package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
)

// warnOfPasswords warns of stores whose password is on the command line, where
// others see it, and how to keep it from them.
func (a *app) warnOfPasswords(uris []string, instead string) {
	for _, uri := range uris {
		if len(state.Credentials(uri)) > 0 {
			fmt.Fprintf(a.talk(), "The password of %s is on the command line, where others on this machine can read it; it is safer %s.\n",
				state.Redact(uri), instead)
		}
	}
}

// withoutPassword hides the credentials in a word of a command line.
func withoutPassword(word string) string {
	flag, uri, isFlag := strings.Cut(word, "=")
	if !isFlag || !strings.HasPrefix(flag, "-") {
		flag, uri = "", word
	} else {
		flag += "="
	}
	if len(state.Credentials(uri)) == 0 {
		return word
	}
	return flag + state.Redact(uri)
}

// stateFlags say where sessions are kept.
type stateFlags struct {
	uri string
	dir string
}

func (f *stateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.uri, "state", "", "where sessions are kept, a `URI`: "+stores.URIs)
	cmd.Flags().StringVar(&f.dir, "state-dir", "", "short for --state jsondir:`PATH` (default: sessions in the state directory)")
	must(cmd.MarkFlagDirname("state-dir"))
	must(cmd.RegisterFlagCompletionFunc("state", completeState))
}

// completeState completes the kinds of stores, and paths after those that take
// one as the shell does.
func completeState(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(word, ":") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return stores.Schemes, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

// where returns the URI of the store that the flags name.
func (f *stateFlags) where(a *app) (string, error) {
	return a.env().StoreURI(registry.StoreSettings{URI: f.uri, Dir: f.dir})
}

// withBackend opens the store for the length of a call that begins no session:
// where there is no store, none is made.
func (a *app) withBackend(ctx context.Context, where stateFlags, use func(state.Backend) error) error {
	uri, err := where.where(a)
	if err != nil {
		return err
	}
	backend, err := a.env().OpenStore(ctx, uri, registry.Unchanged)
	if err != nil {
		return err
	}
	a.store = placeOf(uri)
	return errors.Join(use(backend), backend.Close())
}
