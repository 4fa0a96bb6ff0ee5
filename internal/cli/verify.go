package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	state    stateFlags
	services serviceFlags
	wait     time.Duration
	manifest string
	deep     bool
}

func newVerify(a *app) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify SESSION|FOLDER",
		Short: "Prove that every item of a session is at the destination, or that a folder is whole",
		Long: `Prove from the destination that every item of a session is there: readable under
its id, what was carried, and, if it is a video, ready to be played. It takes one
call for 50 items.

What is missing is named, and carried again by the next sync of the session. What
Google Photos could not process is named, too; it stays as it is, since the same
bytes would end the same way: delete it there and verify again to have it carried
once more. The exit code is 7 unless everything is proved.

Of a folder, it looks at every file that was ever carried into it, by size and time,
or with --deep by every byte, and needs no session. Nothing is changed: what is
missing is carried again by the next sync, what a person changed stays.

The manifest lists every item with its identity at the source, the SHA-256 of its
bytes as they passed, and its id at the destination.`,
		Example: `  gondola verify gopro-gphotos-everything
  gondola verify gopro-gphotos-everything --manifest carried.csv --wait 2h
  gondola verify /srv/photos --deep`,
		Args:              arguments(1, 1),
		ValidArgsFunction: a.completeSessions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if uri, err := known.Parse(args[0]); err == nil && uri.Path != "" {
				return a.verifyPlace(cmd.Context(), &f, uri)
			}
			return a.withBackend(cmd.Context(), f.state, func(b state.Backend) error { return a.verify(cmd.Context(), &f, b, args[0]) })
		},
	}
	f.add(cmd)
	return cmd
}

func (f *verifyFlags) add(cmd *cobra.Command) {
	f.state.add(cmd)
	f.services.add(cmd, known.Filter(registry.Kind.IsDestination))
	flags := cmd.Flags()
	flags.DurationVar(&f.wait, "wait", 15*time.Minute, "wait at most this `TIME` in all for videos that are still processed; 0 to not wait")
	flags.StringVar(&f.manifest, "manifest", "", "write the manifest to this `FILE`, as JSON lines (.jsonl) or CSV (.csv); - for JSON lines to standard output")
	flags.BoolVar(&f.deep, "deep", false, "of a folder: read every byte again")
	must(cmd.MarkFlagFilename("manifest", "jsonl", "csv"))
	must(cmd.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions([]cobra.Completion{"0", "15m", "2h"}, cobra.ShellCompDirectiveNoFileComp)))
}

func (f *verifyFlags) validate(a *app) error {
	switch {
	case f.wait < 0:
		return usagef("--wait %v: a time from 0 is expected", f.wait)
	case f.manifest == stdoutName && a.print.Format != render.Text:
		return usagef("--manifest - and --output %s both use standard output: write the manifest to a file", a.print.Format)
	}
	_, err := manifestFormat(f.manifest)
	return err
}

// noDeep is the usage error of --deep for a session into a station.
func noDeep(to string) error {
	if uri, err := known.Parse(to); err == nil && uri.Path != "" {
		return usagef("--deep is for a folder: gondola verify %s --deep", quoted(uri.Path))
	}
	return usagef("--deep is for folders: what %s holds cannot be read again", to)
}

// verify verifies a session and reports what came of it.
func (a *app) verify(ctx context.Context, f *verifyFlags, backend state.Backend, id string) error {
	if err := f.validate(a); err != nil {
		return err
	}
	session, err := a.session(ctx, backend, id)
	if info, statErr := os.Stat(id); err != nil && statErr == nil && info.IsDir() {
		return fmt.Errorf("%w; a directory is written with a slash, as in ./%s", err, id)
	}
	if err == nil && f.deep {
		err = noDeep(session.To)
	}
	if err != nil {
		return err
	}
	to, err := a.openDestination(ctx, session.To, &f.services, registry.DestinationOptions{})
	if err != nil {
		return fmt.Errorf("session %s: %w", id, err)
	}
	manifest, err := a.openManifest(f.manifest)
	if err != nil {
		return err
	}
	a.sayOnInterrupt("Stopping. What was found missing stays noted; verify again to go on.")
	view := newVerifyView(a, f.manifest == stdoutName)
	began := a.now()
	bus := new(progress.Bus)
	waits := watch(bus, waitsOnly{a})
	found, err := gondola.Verify(ctx, gondola.VerifyOptions{
		SessionID: id, Destination: to.Destination, Backend: backend, Wait: f.wait, Logger: a.log,
		Each: func(it gondola.VerifiedItem) error {
			view.item(it)
			return manifest.write(it)
		},
		Bus: bus,
	})
	waits.stop()
	err = manifest.close(err)
	if found == nil {
		return err
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = errors.Join(err, context.Cause(ctx))
	case err == nil && !found.Proven():
		err = errMissing
	}
	return view.report(found, err, a.now().Sub(began))
}
