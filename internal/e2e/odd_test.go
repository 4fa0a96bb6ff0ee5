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

// TestANumberedProxyOfEachChapter: the proxies of one height are one film.
func TestANumberedProxyOfEachChapter(t *testing.T) {
	t.Parallel()
	film := emulator.Large(300 << 10)[0]
	proxy := film.Proxies[len(film.Proxies)-2]
	if proxy.Height != 1080 {
		t.Fatalf("the proxy has a height of %d", proxy.Height)
	}
	film.Proxies = nil
	for n, name := range []string{"GX010042.MP4", "GX020042.MP4", "GX030042.MP4"} {
		number := n + 1
		film.Sources = append(film.Sources[:n:n], emulator.Object{Name: name, Content: emulator.NewNoise("\x00\x00\x00\x18ftypmp42", uint64(n), 300<<10)})
		proxy.Object = emulator.Object{Name: name, Content: emulator.NewNoise("\x00\x00\x00\x18ftypmp42", uint64(10+n), 100<<10), Listed: emulator.Listed{Number: &number}}
		film.Proxies = append(film.Proxies, proxy)
	}
	l := newLine(t, emulator.Options{Library: emulator.Library{film}, GoPro: emulator.GoProOptions{Shuffled: true}})
	s, r := l.Sync("--quality", "1080")
	if r.Code != 0 || s.Items.Created != 3 || s.Items.Total != 3 {
		t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
}

// TestARecordedSizeRefusesNothing: a small clip of which the record says 25 GB, and
// a small photo of 250 MB, are looked at and carried.
func TestARecordedSizeRefusesNothing(t *testing.T) {
	t.Parallel()
	library := append(emulator.Large(300<<10), emulator.Many(1, 8)...)
	library[0].FileSize = json.RawMessage("25000000000")
	library[1].FileSize = json.RawMessage("250000000")
	l := newLine(t, emulator.Options{Library: library})
	if s, r := l.Sync(); r.Code != 0 || s.Items.Created != 2 {
		t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	l.WantArrived()
}
