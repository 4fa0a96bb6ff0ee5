package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
)

// opening says how far opening a store may go.
type opening bool

const (
	// making creates a store that is not there, and brings one that an older
	// version wrote up to date.
	making opening = false
	// looking does neither: without a store there is state.ErrNotFound.
	looking opening = true
)

// storeOptions say how a store is opened. own keeps the user's credentials from a
// server that does not come with its own.
func (a *app) storeOptions(how opening, own bool) stores.Options {
	return stores.Options{Existing: bool(how), OwnCredentials: own, OnWait: a.waits.announce, Logger: a.log}
}

// openState opens the store that uri names. A store that .env names gets no
// credentials but those that are in its URI.
func (a *app) openState(ctx context.Context, uri string, how opening) (state.Backend, error) {
	return a.openWith(ctx, uri, how, func(ctx context.Context, uri string, o stores.Options) (state.Backend, error) {
		return stores.Openers(o).Open(ctx, uri)
	})
}

// openWith opens the store that uri names with a function of package stores.
func (a *app) openWith(ctx context.Context, uri string, how opening,
	open func(context.Context, string, stores.Options) (state.Backend, error),
) (state.Backend, error) {
	for _, secret := range state.Credentials(uri) {
		a.secrets.learn(secret)
	}
	confined := uri == a.inDotEnv && uri != ""
	b, err := open(ctx, uri, a.storeOptions(how, confined))
	if errors.Is(err, state.ErrURI) {
		if confined {
			err = fmt.Errorf("the store that .env names: %w", err)
		}
		return nil, &usageError{err}
	}
	return b, err
}

// checkState returns a usage error for a URI that names no kind of store that
// there is, or is malformed. Nothing is opened.
func (a *app) checkState(uri string) error {
	if err := stores.Openers(a.storeOptions(looking, false)).Check(uri); err != nil {
		return &usageError{err}
	}
	return nil
}

// warnOfPasswords tells of stores whose password is on the command line, where
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
	uri, dir := a.origins["state"], a.origins["state-dir"]
	switch {
	case f.uri == "" && f.dir == "":
		sessions, err := a.sources.Paths.Sessions()
		return stores.Directory(sessions), err
	case f.uri != "" && f.dir != "" && uri == config.Flag && dir == config.Flag:
		return "", usagef("--state and --state-dir say the same thing: give one of them")
	case f.uri == "" || f.dir != "" && dir > uri:
		if strings.Contains(f.dir, "://") {
			return "", usagef("--state-dir is a directory; give a URI with --state")
		}
		return stores.Directory(f.dir), nil
	}
	if uri == config.DotEnv {
		a.inDotEnv = f.uri
	}
	return f.uri, nil
}

// open opens the store.
func (f *stateFlags) open(ctx context.Context, a *app) (state.Backend, error) {
	uri, err := f.where(a)
	if err != nil {
		return nil, err
	}
	return a.openState(ctx, uri, making)
}

// openUnchanged opens the store for what creates nothing, such as a plan: where
// there is none yet, an empty directory elsewhere stands in until it is closed.
func (f *stateFlags) openUnchanged(ctx context.Context, a *app) (state.Backend, error) {
	uri, err := f.where(a)
	if err != nil {
		return nil, err
	}
	return a.openWith(ctx, uri, looking, stores.OpenUnchanged)
}

// withBackend opens the store for the length of a call that begins no session:
// where there is no store, none is made.
func (a *app) withBackend(ctx context.Context, where stateFlags, use func(state.Backend) error) error {
	backend, err := where.openUnchanged(ctx, a)
	if err != nil {
		return err
	}
	a.store, _ = where.where(a)
	a.store = placeOf(a.store)
	return errors.Join(use(backend), backend.Close())
}
