package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/human"
)

// Run executes the command with these arguments (without the program's name)
// and returns its exit code: 0 done, 1 failed, 2 usage, 3 finished but some
// items failed, 4 credentials, 5 quota or storage, 6 session locked, 7
// verification found something missing, 130 interrupted. The first SIGINT or
// SIGTERM ends the run gently; the second ends the process.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environ []string) int {
	a := newApp(stdin, stdout, stderr, environ)
	a.args = args
	ctx, stop := a.handleSignals(ctx)
	defer stop()
	err := a.execute(ctx)
	a.tell(err)
	return a.finish(err)
}

// finish returns the exit code. A result that could not be written is a failure,
// whatever else the command has come to.
func (a *app) finish(err error) int {
	failure := a.stdout.Close()
	if failure == nil {
		return exitCode(err)
	}
	if !errors.Is(err, failure) {
		a.complain(failure)
	}
	return exitFailed
}

// execute runs the command that a.args name.
func (a *app) execute(ctx context.Context) error {
	root := newRoot(a)
	root.SetArgs(a.args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.screen)
	cmd, err := root.ExecuteContextC(ctx)
	a.command = cmd.Name()
	if err != nil && !a.started {
		err = &usageError{err: err}
	}
	if _, done := errors.AsType[*reportedError](err); !done {
		err = a.traced(err)
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	return err
}

// flagName finds the name of the flag that a message begins with.
var flagName = regexp.MustCompile(`^--([a-z][a-z-]*[a-z])`)

// traced names the variable or the key of the config file that has set the flag which
// a usage error is about: it is not on the command line to be corrected.
func (a *app) traced(err error) error {
	if !isUsage(err) {
		return err
	}
	flag := flagName.FindStringSubmatch(err.Error())
	if flag == nil || a.sources == nil || a.origins[flag[1]] == config.Flag {
		return err
	}
	setting := a.sources.Setting(flag[1])
	if setting == "" {
		return err
	}
	return fmt.Errorf("%w; --%s is set by the %s", err, flag[1], setting)
}

// Tree returns the command tree for those who document it.
func Tree() *cobra.Command {
	root := newRoot(newApp(os.Stdin, io.Discard, io.Discard, nil))
	root.InitDefaultCompletionCmd()
	return root
}

// tell reports a failure that no command has reported yet.
func (a *app) tell(err error) {
	if _, done := errors.AsType[*reportedError](err); exitCode(err) == exitDone || done {
		return
	}
	if !a.started && wantsJSON(a.args) {
		a.print.Format = render.JSON
	}
	a.print.JSON(a.failureLine(err))
	a.complain(err)
}

// failureLine is the last line of what a program reads of a failed command.
func (a *app) failureLine(err error) any {
	if a.command == "sync" {
		return report{from: defaultFrom, to: defaultTo, err: err}.line(a.redact)
	}
	return errorLine{"error", exitCode(err), describe(err, a.redact)}
}

type errorLine struct {
	Type     string      `json:"type"`
	ExitCode int         `json:"exit_code"`
	Error    errorObject `json:"error"`
}

// wantsJSON guesses from arguments that could not be parsed.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch arg {
		case "--json", "--json=true", "--output=json", "-ojson", "-o=json":
			return true
		case "-o", "--output":
			if i+1 < len(args) && args[i+1] == "json" {
				return true
			}
		}
	}
	return false
}

// complain writes a failure as text, with the next step.
func (a *app) complain(err error) {
	if exitCode(err) == exitInterrupted {
		return // said when the signal came
	}
	d := describe(err, a.redact)
	fmt.Fprintf(a.screen, "gondola: %s\n", d.Message)
	if d.Hint != "" {
		fmt.Fprintf(a.screen, "  %s\n", d.Hint)
	}
	if !d.Until.IsZero() {
		fmt.Fprintf(a.screen, "  that is on %s, in %s\n", human.Minute(d.Until), duration(d.Until.Sub(a.now()).Round(time.Second)))
	}
}

// errorObject is a failure in JSON.
type errorObject struct {
	Class   fault.Class `json:"class"`
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"`
	Until   time.Time   `json:"until,omitzero"` // when a quota is renewed
}
