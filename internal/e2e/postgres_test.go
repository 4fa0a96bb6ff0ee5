package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
	"github.com/gondola-sync/gondola/internal/pgserver"
)

// served is a line whose sessions are kept by a server of its own.
func served(t *testing.T, library emulator.Library) (*line, *pgserver.Server) {
	t.Helper()
	server := pgserver.New(t)
	uri := server.NewDatabase(t).URI
	return &line{rig.New(t, emulator.Options{Library: library, Google: fastGoogle}, "GONDOLA_STATE="+uri)}, server
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// waiting is what a run's output has in it when the run waits for something.
const waiting = `"type":"wait"`

func TestDatabaseIsAwayInMidRun(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*pgserver.Server) error{"stopped": (*pgserver.Server).Stop, "crashed": (*pgserver.Server).Crash} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, server := served(t, append(emulator.Large(24*mib), emulator.Many(15, 3)...))
			running := l.Start("--bwlimit", "8M")
			running.Await(func() bool { return l.Received() > 4*mib })
			must(t, stop(server))
			running.Await(func() bool { return running.Said(waiting) })
			time.Sleep(3 * time.Second) // some attempts are in vain
			must(t, server.Start(t.Context()))
			s, r := running.Wait()
			if r.Code != 0 || s.Items.Created != 16 {
				t.Errorf("exit code %d, %+v\n%s", r.Code, s, r.Stderr)
			}
			if !strings.Contains(r.Stderr, "waiting until ") {
				t.Errorf("nobody was told what the run waits for:\n%s", r.Stderr)
			}
			l.WantArrived()
			l.Cloud.Log.Clear()
			l.SyncUntilDone(1)
			if n := l.Sent(); n != 0 {
				t.Errorf("%d files sent again", n)
			}
		})
	}
}

func TestInterruptWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	l, server := served(t, append(emulator.Large(24*mib), emulator.Many(15, 3)...))
	running := l.Start("--bwlimit", "8M")
	running.Await(func() bool { return l.Received() > 4*mib })
	must(t, server.Stop())
	running.Await(func() bool { return running.Said(waiting) })
	if _, r, took := running.Interrupt(); r.Code != 1 || took > 10*time.Second {
		t.Errorf("exit code %d after %v, want 1 within 10 s\n%s", r.Code, took, r.Stderr)
	} else if !strings.Contains(r.Stderr, "is not saved") || !strings.Contains(r.Stdout, "is not saved") {
		t.Errorf("nobody is told that not everything could be saved:\n%s", r.Stderr)
	}
	if r := l.Want(1, "sync"); !containsAll(r.Stderr, "open state postgres://") {
		t.Errorf("without a server: %s", r.Stderr)
	}
	must(t, server.Start(t.Context()))
	l.SyncUntilDone(1)
	l.WantArrived()
}

// TestDatabaseThatCannotBeUsed looks at how commands end, what they say, and
// that they do not say the password.
func TestDatabaseThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	db := pgserver.NewDatabase(t)
	l := newLine(t, emulator.Options{Library: emulator.Many(2, 1)})
	good, err := url.Parse(db.URI)
	must(t, err)
	secret, _ := good.User.Password()
	const wrong = "wrong-pass/word"
	with := func(change func(*url.URL)) string {
		u := *good
		change(&u)
		return u.String()
	}
	brief := [][]string{{"sync", "--json"}, {"status"}}
	for _, row := range []struct {
		name, uri string
		commands  [][]string
		code      int
		want      string
	}{
		{"wrong password", with(func(u *url.URL) { u.User = url.UserPassword(db.Role, wrong) }), [][]string{
			{"sync"}, {"sync", "--json"}, {"sync", "--dry-run"}, {"status"}, {"sessions", "list", "--json"}, {"verify", "x"},
			{"sync", "-v", "--log-level", "debug", "--log-format", "json"}, {"sessions", "export", "files"},
		}, 1, "password"},
		{"nobody there", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), brief, 1, "127.0.0.1"},
		{"no such database", with(func(u *url.URL) { u.Path = "/nowhere" }), brief, 1, "nowhere"},
		{"no such port", strings.Replace(db.URI, "127.0.0.1:", "127.0.0.1:99", 1), brief, 2, "not a state URI"},
		{"no such setting", with(func(u *url.URL) { u.RawQuery = "sslmode=perhaps" }), brief, 2, "write it as postgres://USER:PASSWORD@HOST"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, args := range row.commands {
				for _, flags := range [][]string{nil, {"--state", row.uri}} {
					l := &line{&rig.Line{T: t, Cloud: l.Cloud, Home: l.Home, Env: append(slices.Clone(l.Env), "GONDOLA_STATE="+row.uri)}}
					r := l.Want(row.code, append(slices.Clone(args), flags...)...)
					if !strings.Contains(r.Stderr, row.want) {
						t.Errorf("%v: want %q\n%s", args, row.want, r.Stderr)
					}
					for _, s := range []string{secret, wrong, url.PathEscape(wrong)} {
						if strings.Contains(r.Stdout+r.Stderr, s) {
							t.Errorf("%v tells the password:\n%s%s", args, r.Stdout, r.Stderr)
						}
					}
				}
			}
		})
	}
}
