package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/pgserver"
)

// oddLibrary has two media whose rows say what no store can keep.
func oddLibrary() emulator.Library {
	library := emulator.Many(3, 4)
	library[0].Odd = map[string]json.RawMessage{
		"captured_at": json.RawMessage(`"9999-12-31T23:59:59-01:00"`), // the year 10000 in UTC
		"created_at":  json.RawMessage(`"0000-06-01T00:00:00Z"`),
	}
	long, _ := json.Marshal(strings.Repeat("v", 60<<10))
	library[1].Odd = map[string]json.RawMessage{"type": long, "camera_model": long, "captured_at_timezone": long, "content_title": long}
	return library
}

func TestOddRowsPoisonNoSession(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T, l *line) string{
		"jsondir":  func(_ *testing.T, l *line) string { return "jsondir:" + l.StateDir() },
		"sqlite":   func(_ *testing.T, l *line) string { return "sqlite:" + l.Home + "/s.db" },
		"postgres": func(t *testing.T, _ *line) string { return pgserver.NewDatabase(t).URI },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, emulator.Options{Library: oddLibrary()})
			l.Env = append(l.Env, "GONDOLA_STATE="+store(t, l))
			for _, args := range [][]string{{"ls", "gopro:", "--json"}, {"sync", "--dry-run", "--json"}} {
				r := l.Gondola(args...)
				if n := strings.Count(r.Stdout, `{"type":"item"`) + strings.Count(r.Stdout, `{"type":"planned"`); r.Code != 0 || n != 3 {
					t.Errorf("%v: exit code %d, %d items, want 3\n%s%s", args, r.Code, n, r.Stdout, r.Stderr)
				}
			}
			for range 2 {
				if s, r := l.Sync(); r.Code != 0 || s.Items.Created != 3 {
					t.Errorf("sync: exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
				}
			}
			if v, _, r := l.Verify(l.SessionIDs()[0]); r.Code != 0 || v.Items.Verified != 3 {
				t.Errorf("verify: exit code %d, %+v\n%s", r.Code, v.Items, r.Stderr)
			}
		})
	}
}
