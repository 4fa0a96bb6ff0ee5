package mongo

import (
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/backendsuite"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

func TestEndToEnd(t *testing.T) {
	t.Parallel()
	backendsuite.Run(t, func(t *testing.T) string { return newDatabase(t).at("") })
}

func TestOneLane(t *testing.T) {
	t.Parallel()
	backendsuite.Lane(t, map[string]func(*testing.T) string{"MongoDB": func(t *testing.T) string { return newDatabase(t).at("") }})
}

// TestOutageInARun takes the server away from the real command for some
// seconds: it waits, says so, and carries everything once.
func TestOutageInARun(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	db, p := newDatabase(t), newProxy(t)
	l := rig.New(t, emulator.Options{
		Library: append(emulator.Large(16*mib), emulator.Many(20, 3)...),
		Google:  emulator.GoogleOptions{ProcessingTime: -1, WriteTime: -1, WritesPerMinute: 6000},
	}, "GONDOLA_STATE="+db.at(p.host())+attempt)
	run := l.Start("--bwlimit", "8M")
	run.Await(func() bool { return l.Received() > 4*mib })
	p.setCut(true)
	run.Await(func() bool { return run.Said("unreachable") })
	time.Sleep(2 * time.Second) // some attempts are in vain
	p.setCut(false)
	s, r := run.Wait()
	if r.Code != 0 || s.Bytes.Resent != 0 {
		t.Errorf("exit code %d, %d bytes sent again\n%s", r.Code, s.Bytes.Resent, r.Stderr)
	}
	l.WantArrived()
}
