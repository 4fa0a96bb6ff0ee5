//go:build unix

package sqlite_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/state/sqlite"
	"github.com/gondola-sync/gondola/state/statetest"
)

// TestMain lets a child work on a session of a database until it is killed.
func TestMain(m *testing.M) {
	crash.Main(func(ctx context.Context, args []string) error {
		b, err := sqlite.Open(ctx, args[0], sqlite.Options{})
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
	path := filepath.Join(t.TempDir(), "gondola.db")
	for round := range 8 {
		p := crash.StartChild(t, path, "s")
		p.AwaitSteps(t, 1)
		wantLockedBy(t, path, p.PID())
		survey(t, path, "s", p.KillAfter(t, 4+round))
	}
}

func wantLockedBy(t *testing.T, path string, pid int) {
	t.Helper()
	b := open(t, path)
	defer b.Close()
	statetest.WantLockedBy(t, b, "s", pid)
	for who, held := range b.Holders(t.Context()) {
		if who.Session != "s" || who.PID != pid || !held {
			t.Errorf("Holders tells %+v, %v", who, held)
		}
	}
}

// survey takes over the session of a process that was killed.
func survey(t *testing.T, path, id string, durable int) {
	t.Helper()
	b := open(t, path)
	defer b.Close()
	for who, held := range b.Holders(t.Context()) {
		if held {
			t.Errorf("the dead process %d is said to hold %s", who.PID, who.Session)
		}
	}
	statetest.WantWork(t, b, id, durable)
	wantSound(t, b)
}

// TestKilledWhileMaking kills a process while it makes the file.
func TestKilledWhileMaking(t *testing.T) {
	for range 25 {
		path := filepath.Join(t.TempDir(), "gondola.db")
		p := crash.StartChild(t, path, "s")
		err := p.Await(t.Context(), time.Minute, func() bool { _, err := os.Stat(path); return err == nil })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(6 * time.Millisecond)) // the moment is what is tested
		p.Kill()
		b := open(t, path)
		load(t, b, 0, 3)
		wantSound(t, b)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestProcessesSideBySide lets processes work on sessions of their own in one
// file that none of them has made, while another one reads.
func TestProcessesSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gondola.db")
	ids := []string{"a", "b", "c"}
	var all []*crash.Child
	for _, id := range ids {
		all = append(all, crash.StartChild(t, path, id))
	}
	var durable []int
	for _, p := range all {
		durable = append(durable, p.KillAfter(t, 41))
	}
	for i, id := range ids {
		survey(t, path, id, durable[i])
	}
}
