//go:build unix

package jsondir_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/statetest"
)

// TestMain lets a child work on a session of a directory until it is killed.
func TestMain(m *testing.M) {
	crash.Main(func(ctx context.Context, args []string) error {
		b, err := jsondir.Open(args[0], jsondir.Options{})
		if err != nil {
			return err
		}
		return statetest.Work(ctx, b, args[1], os.Stdout)
	})
	goleak.VerifyTestMain(m)
}

// TestKilled kills a process in the midst of its work, again and again, and
// checks that its lock is free and everything that it called durable is there.
func TestKilled(t *testing.T) {
	root := t.TempDir()
	for round := range 6 {
		p := crash.StartChild(t, root, "s")
		p.AwaitSteps(t, 1)
		wantLockedBy(t, root, p.PID())
		durable := p.KillAfter(t, 6+round)
		b := open(t, root)
		statetest.WantWork(t, b, "s", durable)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func wantLockedBy(t *testing.T, root string, pid int) {
	t.Helper()
	b := open(t, root)
	defer b.Close()
	statetest.WantLockedBy(t, b, "s", pid)
}
