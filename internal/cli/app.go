package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/suggest"
)

// app is one invocation: what all commands share.
type app struct {
	args    []string // without the program's name
	stdin   io.Reader
	stdout  *render.Output
	screen  *screen // standard error, for messages and the log
	environ []string
	dir     string // where .env is looked for
	now     func() time.Time
	exit    func(code int)

	global      globalFlags
	sources     *config.Sources
	profiles    *profile.Set
	using       map[string]string // name of the profile in use, by service
	origins     config.Origins
	print       *render.Printer // to standard output
	log         *slog.Logger
	secrets     redactor
	waits       waitRelay
	command     string // its name
	store       string // that is in use, without its password
	dotEnvStore string // URI of the store, if .env names it
	onStore     string // flags that name the store, as a command line goes on; "" if other settings do
	started     bool   // flags and settings were understood
	farewell    atomic.Pointer[string]
	noted       map[string]bool // sentences that were said
	last        summaryLine     // of the sync that ran, if one did
}

func newApp(stdin io.Reader, stdout, stderr io.Writer, environ []string) *app {
	out, screen := render.NewOutput(stdout), newScreen(stderr)
	return &app{
		stdin: stdin, stdout: out, print: &render.Printer{Format: render.Text, Out: out, Screen: screen}, screen: screen, environ: environ, dir: ".",
		now: time.Now, exit: os.Exit,
		log: slog.New(slog.DiscardHandler),
	}
}

// globalFlags are the flags of every command.
type globalFlags struct {
	output    string
	json      bool
	quiet     bool
	verbose   bool
	logLevel  string
	logFormat string
	config    string
	noColor   bool
}

func (g *globalFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&g.output, "output", "o", "text", "`FORMAT` of the result: text, json (lines) or tsv")
	flags.BoolVar(&g.json, "json", false, "short for --output json")
	flags.BoolVarP(&g.quiet, "quiet", "q", false, "show failures only")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "show every item, and log at level info")
	flags.StringVar(&g.logLevel, "log-level", "warn", "least `LEVEL` that is logged: debug, info, warn or error")
	flags.StringVar(&g.logFormat, "log-format", "", "`FORMAT` of the log: text or json (default: json with --json, except on a terminal)")
	flags.StringVar(&g.config, "config", "", "config `FILE` (default: config.toml in the config directory)")
	flags.BoolVar(&g.noColor, "no-color", false, "no colours; NO_COLOR does the same")
}

// start reads the settings and prepares output and log. It runs before every
// command.
func (a *app) start(cmd *cobra.Command, _ []string) error {
	sources, err := config.Load(a.environ, a.dir, a.global.config)
	if err != nil {
		return err
	}
	if err := sources.CheckKeys(flagNames(cmd.Root())); err != nil {
		return err
	}
	a.sources = sources
	if a.origins, err = sources.Apply(cmd.Flags()); err != nil {
		return err
	}
	if err := expandPaths(cmd.Flags(), sources.Paths); err != nil {
		return err
	}
	a.print.Quiet, a.print.Verbose = a.global.quiet, a.global.verbose
	if a.print.Format, err = a.chooseFormat(); err != nil {
		return err
	}
	if a.log, err = a.newLogger(); err != nil {
		return err
	}
	if a.profiles, err = profile.Open(sources, known.Services(), profile.Options{Environ: a.environ, Logger: a.log}); err != nil {
		return err
	}
	a.waits.to(a.showWait)
	for _, warning := range sources.Warnings {
		a.note(warning)
	}
	for _, name := range []string{"state", "state-dir"} {
		if f := cmd.Flags().Lookup(name); f != nil && a.origins[name] == config.Flag {
			a.onStore += " --" + name + " " + quoted(withoutPassword(f.Value.String()))
			a.warnOfPasswords([]string{f.Value.String()}, "in the variable GONDOLA_STATE or the config file")
		}
	}
	if f := cmd.Flags().Lookup("state"); f != nil && a.origins["state"] == config.DotEnv {
		a.dotEnvStore = f.Value.String()
	}
	a.started = true
	return nil
}

// expandPaths expands a leading ~ in the value of every flag that takes a path
// or a state URI: no shell has seen those of a variable or a file.
func expandPaths(flags *pflag.FlagSet, paths config.Paths) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		expand := paths.Expand
		if f.Name == "state" {
			expand = paths.ExpandURI
		} else if f.Annotations[cobra.BashCompFilenameExt] == nil && f.Annotations[cobra.BashCompSubdirsInDir] == nil {
			return
		}
		value, err := expand(f.Value.String())
		if err == nil && value != f.Value.String() {
			err = f.Value.Set(value)
		}
		errs = append(errs, err)
	})
	return errors.Join(errs...)
}

// flagNames returns the names of all flags in the tree that can be configured.
func flagNames(cmd *cobra.Command) map[string]bool {
	names := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		add := func(f *pflag.Flag) {
			if config.HasVariable(f.Name) {
				names[f.Name] = true
			}
		}
		c.LocalFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(cmd)
	return names
}

func (a *app) chooseFormat() (render.Format, error) {
	f := render.Format(a.global.output)
	if !f.Known() {
		return render.Text, usagef("--output %q: text, json or tsv is expected%s", a.global.output,
			suggest.DidYouMean(a.global.output, "text", "json", "tsv"))
	}
	if !a.global.json || f == render.JSON {
		return f, nil
	}
	switch short, long := a.origins["json"], a.origins["output"]; {
	case short > long:
		return render.JSON, nil
	case short == long:
		return render.Text, usagef("--json and --output %s contradict each other", f)
	}
	return f, nil
}

// talk is where messages to the user go.
func (a *app) talk() io.Writer {
	if a.global.quiet {
		return io.Discard
	}
	return a.screen
}

// result is where text about a result goes.
func (a *app) result() io.Writer { return a.print.Beside() }

func (a *app) redact(s string) string { return a.withProfiles(a.secrets.clean(s)) }

// note shows a sentence to the user, once. It is given without its full stop.
func (a *app) note(text string) {
	if text == "" || a.noted[text] {
		return
	}
	if a.noted == nil {
		a.noted = map[string]bool{}
	}
	a.noted[text] = true
	fmt.Fprintln(a.talk(), "Note: "+text+".")
}
