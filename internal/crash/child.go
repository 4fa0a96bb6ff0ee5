package crash

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// childEnv marks a test binary that runs as a child.
const childEnv = "GONDOLA_CRASH_CHILD"

// longest is how long a child may take before it counts as hung.
const longest = time.Minute

// Main runs work and exits if this process was started by [StartChild], with the
// child's arguments. A TestMain calls it first.
func Main(work func(ctx context.Context, args []string) error) {
	if os.Getenv(childEnv) == "" {
		return
	}
	if err := work(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child is this test binary at work in a process of its own. It writes a line for
// each step that is durable.
type Child struct {
	*Process
	steps  lines
	stderr strings.Builder
}

// lines counts the lines that are written to it.
type lines struct{ atomic.Int64 }

func (l *lines) Write(p []byte) (int, error) {
	l.Add(int64(bytes.Count(p, []byte("\n"))))
	return len(p), nil
}

// StartChild starts a child. It is killed when the test ends.
func StartChild(t *testing.T, args ...string) *Child {
	t.Helper()
	c := &Child{}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stdout, cmd.Stderr = &c.steps, &c.stderr
	var err error
	if c.Process, err = Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	return c
}

// AwaitSteps waits until n steps are durable.
func (c *Child) AwaitSteps(t *testing.T, n int) {
	t.Helper()
	if err := c.Await(t.Context(), longest, func() bool { return c.steps.Load() >= int64(n) }); err != nil {
		t.Fatalf("after %d steps of %d: %v\n%s", c.steps.Load(), n, err, c.stderr.String())
	}
}

// KillAfter kills the child at a random moment soon after n steps, and returns how
// many are durable.
func (c *Child) KillAfter(t *testing.T, n int) (durable int) {
	t.Helper()
	c.AwaitSteps(t, n)
	time.Sleep(rand.N(10 * time.Millisecond)) // the moment is what is tested
	c.Kill()
	return int(c.steps.Load())
}
