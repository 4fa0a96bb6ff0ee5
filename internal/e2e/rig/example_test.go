package rig_test

import (
	"os"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// Example shows a test from end to end, of a session kept in a SQLite file.
func Example() {
	_ = func(t *testing.T) {
		l := rig.New(t, emulator.Options{Library: emulator.Many(20, 1)}, "GONDOLA_STATE=sqlite:sessions.db")
		l.KillWhen(func() bool { return l.Cloud.Log.Count("upload.*") > 5 })
		l.SyncUntilDone(1)
		l.WantArrived()
	}
}
