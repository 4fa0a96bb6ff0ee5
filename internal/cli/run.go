package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/media"
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
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.started {
		err = &usageError{err: err}
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	a.tell(err)
	return exitCode(err)
}

// Tree returns the command tree for those who document it.
func Tree() *cobra.Command {
	return newRoot(newApp(os.Stdin, io.Discard, io.Discard, nil))
}

// tell reports a failure that no command has reported yet.
func (a *app) tell(err error) {
	if _, told := errors.AsType[*toldError](err); exitCode(err) == exitDone || told {
		return
	}
	if a.format == formatJSON {
		a.json(map[string]any{"type": "error", "exit_code": exitCode(err), "error": describe(err, a.redact)})
	}
	a.complain(err)
}

// complain writes a failure for people, with the next step.
func (a *app) complain(err error) {
	if exitCode(err) == exitInterrupted {
		return // said when the signal came
	}
	d := describe(err, a.redact)
	fmt.Fprintf(a.screen, "gondola: %s\n", d.Message)
	if d.Hint != "" {
		fmt.Fprintf(a.screen, "  %s\n", d.Hint)
	}
}

// errorObject is a failure in JSON.
type errorObject struct {
	Class   media.Class `json:"class"`
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"`
}
