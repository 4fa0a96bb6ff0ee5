package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/emulator"
)

func newDemo(a *app) *cobra.Command {
	var serve bool
	var folder string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show everything against emulated services, with proof; no account needed",
		Long: `Show everything against emulated services: a plan, a sync that is interrupted in
the middle, its resumption, a run that sends nothing again, and the proof that
every file is in the emulated Google Photos exactly once, byte for byte. Then the
same library goes to a folder, is proved there, and an audit says before and after
whether it is safe to cancel. It needs no account and leaves nothing behind but the
folder that you name.`,
		Example: `  gondola demo
  gondola demo --folder ./photos
  gondola demo --serve`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), folder, serve) },
	}
	cmd.Flags().StringVar(&folder, "folder", "", "bring the library to this new `DIRECTORY` and keep it (default: a temporary one, removed at the end)")
	must(cmd.MarkFlagDirname("folder"))
	cmd.Flags().BoolVar(&serve, "serve", false, "keep the emulated Google Photos up until Ctrl-C, to look at it in a browser")
	return cmd
}

// demo is one demonstration.
type demo struct {
	a        *app
	services *services
	dir      string
	folder   string
}

func (a *app) demo(ctx context.Context, folder string, serve bool) (err error) {
	dir, err := os.MkdirTemp("", "gondola-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if folder, err = demoFolder(folder, dir); err != nil {
		return err
	}
	services, err := startServices(emulator.Options{Library: emulator.Demo(), Google: googleOptions(true)}, "127.0.0.1", dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.close()) }()
	d := &demo{a, services, dir, folder}
	if err := d.show(ctx); err != nil {
		return err
	}
	if err := a.stdout.Failure(); err != nil || !serve {
		return err
	}
	fmt.Fprintf(a.talk(), "\nThe emulated Google Photos: %s/ (Ctrl-C ends it)\n", services.server.ControlURL)
	<-ctx.Done()
	return errEnded
}

// show runs the acts one after the other.
func (d *demo) show(ctx context.Context) error {
	d.say("An emulated GoPro cloud and an emulated Google Photos are up, on this machine only.")
	d.say("\n1. What would be done:")
	if _, err := d.gondola(ctx, "sync", "--dry-run"); err != nil {
		return err
	}
	d.say("\n2. Carry, on a slow line, and interrupt it in the middle:")
	cut, err := d.interrupted(ctx)
	if err != nil {
		return err
	}
	d.say("\n3. The same command goes on where it stopped:")
	resumed, err := d.gondola(ctx, "sync")
	if err != nil {
		return err
	}
	d.say("\n4. A new session for the same files finds that there is nothing to do:")
	again, err := d.gondola(ctx, "sync", "--session-id", "again")
	if err != nil {
		return err
	}
	d.say("\n5. The proof: what the GoPro cloud holds, compared by SHA-256 with what Google Photos received:")
	if err := d.prove(cut, resumed, again); err != nil {
		return err
	}
	return d.showFolder(ctx)
}

func (d *demo) say(text string) { fmt.Fprintln(d.a.result(), text) }

// gondola runs a command against the emulated services, as a person would, and
// returns the summary if it was a sync.
func (d *demo) gondola(ctx context.Context, words ...string) (summaryLine, error) {
	g := d.a.global
	words = append(words, "--output", string(d.a.print.Format))
	if g.quiet {
		words = append(words, "--quiet")
	}
	if g.verbose {
		words = append(words, "--verbose")
	}
	if g.noColor {
		words = append(words, "--no-color")
	}
	child := newApp(d.a.stdin, nil, nil, d.environ())
	child.args, child.dir, child.stdout, child.screen, child.exit = words, d.dir, d.a.stdout, d.a.screen, d.a.exit
	child.print.Out, child.print.Screen = child.stdout, child.screen
	err := child.execute(ctx)
	return child.last, err
}

// environ keeps the user's own settings out of the demonstration.
func (d *demo) environ() []string {
	return append(slices.Clone(d.services.environ),
		"HOME="+d.dir,
		"XDG_CONFIG_HOME="+filepath.Join(d.dir, "config"),
		"XDG_STATE_HOME="+filepath.Join(d.dir, "state"),
		"NO_COLOR="+d.a.sources.Getenv("NO_COLOR"),
		"TERM="+d.a.sources.Getenv("TERM"),
	)
}

const (
	demoLine = "10M"   // of the slow line, in bytes a second
	demoCut  = 8 << 20 // bytes that have arrived before the interruption
)

// arrived returns the bytes that the emulated Google Photos has taken.
func (d *demo) arrived() (bytes int64) {
	for _, upload := range d.services.emulator.Google.Uploads() {
		bytes += upload.Received
	}
	return bytes
}

// interrupted syncs and interrupts it, as Ctrl-C would, when some files are on their
// way.
func (d *demo) interrupted(ctx context.Context) (summaryLine, error) {
	cutting, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-cutting.Done():
				return
			case <-ticker.C:
				if d.arrived() >= demoCut {
					fmt.Fprintln(d.a.talk(), "Interrupted, as by Ctrl-C.")
					cut(errInterrupted)
				}
			}
		}
	}()
	summary, err := d.gondola(cutting, "sync", "--bwlimit", demoLine)
	switch {
	case ctx.Err() != nil:
		return summary, context.Cause(ctx)
	case err == nil:
		return summary, errors.New("demo: the sync was over before it could be interrupted")
	case exitCode(err) != exitInterrupted:
		return summary, err
	}
	return summary, nil
}
