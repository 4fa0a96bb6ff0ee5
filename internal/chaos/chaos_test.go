package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/pgserver"
)

// built is the command under test.
var built struct {
	once   sync.Once
	binary string
	err    error
}

// runTests removes what was built, and fails if goroutines are left behind.
func runTests(m *testing.M) int {
	code := pgserver.Wrap(m).Run()
	if built.binary != "" {
		os.RemoveAll(filepath.Dir(built.binary))
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func builtOnce(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		var dir string
		if dir, built.err = os.MkdirTemp("", "gondola-chaos-"); built.err == nil {
			built.binary, built.err = build(t.Context(), dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.binary
}

// TestKilledAtRandom is the short form of the harness: sessions that are always
// the same and one for each kind of store that never is.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	binary := builtOnce(t)
	for _, row := range []struct {
		kind string
		seed uint64
	}{
		{"jsondir", 1}, {"jsondir", 2}, {"jsondir", rand.Uint64()},
		{"sqlite", 1}, {"sqlite", rand.Uint64()},
		{"postgres", rand.Uint64()},
	} {
		t.Run(fmt.Sprint(row.kind, row.seed), func(t *testing.T) {
			t.Parallel()
			store := row.kind
			if store == "postgres" {
				store = pgserver.NewDatabase(t).URI
			}
			var out strings.Builder
			c := campaign{binary: binary, dir: t.TempDir(), out: &out, seed: row.seed, kills: 1, items: 60, most: 9, parallel: 1, store: store, transfers: "auto", pair: goproToGoogle}
			if err := c.run(t.Context()); err != nil {
				t.Error(err)
			}
			if len(c.result.kills) == 0 {
				t.Error("nothing was killed")
			}
			t.Log(out.String())
		})
	}
}

// TestKilledBetweenFolders is the short form with folders at the ends.
func TestKilledBetweenFolders(t *testing.T) {
	t.Parallel()
	binary := builtOnce(t)
	for _, pair := range []string{goproToFolder, folderToGoogle, folderToFolder} {
		t.Run(pair, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			c := campaign{binary: binary, dir: t.TempDir(), out: &out, seed: rand.Uint64(), kills: 4, items: 40, most: 6, parallel: 1, store: "sqlite", transfers: "auto", pair: pair}
			if err := c.run(t.Context()); err != nil {
				t.Error(err)
			}
			t.Log(out.String())
		})
	}
}

// TestKilledOnALine kills sessions of files of some megabytes every second or so:
// what has to be sent again is a fraction of what was sent. It was two thirds
// when each file went up in one request.
func TestKilledOnALine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := campaign{binary: builtOnce(t), dir: t.TempDir(), out: &out, seed: 1, kills: 1, items: 20, most: 6, parallel: 1, store: "jsondir", transfers: "auto", line: 9e6, pair: goproToGoogle}
	if err := c.run(t.Context()); err != nil {
		t.Error(err)
	}
	if r := c.result; len(r.kills) < 4 || 5*(r.sent-r.bytes) > 2*r.sent {
		t.Errorf("after %d kills, %d bytes of %d were sent again", len(r.kills), r.sent-r.bytes, r.sent)
	}
	t.Log(out.String())
}

func TestReportCountsWhatIsSentAgain(t *testing.T) {
	r := result{sessions: 1}
	for i := range int64(100) {
		r.kills = append(r.kills, kill{at: moment{kind: "time"}, service: forgiving, toll: toll{again: i * kib}, bound: 200 * kib})
	}
	got := r.line("all", func(kill) bool { return true })
	if want := "all\t100\t1%\t49\t50\t90\t99\t99\t50%\t0s\t\n"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}

// proved returns a session of twelve items that ran to its end and is proved.
func proved(t *testing.T, pair string, r *rand.Rand) (*session, life) {
	t.Helper()
	s, err := newSession(sessionOptions{binary: builtOnce(t), home: t.TempDir(), store: "jsondir", transfers: "auto", items: 12, pair: pair}, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	l, err := s.live(t.Context(), nil, s.args...)
	if err == nil {
		err = s.prove(t.Context(), l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

// TestProofFindsWhatIsWrong does harm after harm to a session that is complete.
func TestProofFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s, l := proved(t, goproToGoogle, withAlbum())
	google := s.cloud.Google
	item := google.Items()[0]
	for _, row := range []struct {
		harm func() error
		want string
	}{
		{func() error { google.Drop(item.ID); return nil }, "is in the library 0 times"},
		{func() error { return putForeign(s) }, "should not be"},
		{func() error { google.PutAlbum("", albumName); return nil }, "there are 2 albums"},
		{func() error { google.DropAlbum(google.Albums()[0].ID); return nil }, "the album has 0 items"},
		{func() error { return os.Remove(filepath.Join(s.stateDir(), s.id, "items", item.Filename+".json")) }, "the session knows of"},
		{func() error {
			return os.WriteFile(filepath.Join(s.stateDir(), s.id, "items", "left.tmp"), nil, 0o600)
		}, "is left behind"},
		{func() error { l.summary.Items.Pending++; return nil }, "the summary counts"},
		{func() error { l.code = 3; return nil }, "exit code 3"},
	} {
		if err := row.harm(); err != nil {
			t.Fatal(err)
		}
		if err := s.prove(t.Context(), l); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("prove = %v, want %q", err, row.want)
		}
	}
}

// withAlbum returns what draws a session with an album.
func withAlbum() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func putForeign(s *session) error {
	photo := emulator.NewPhoto(emulator.Shot{Seed: 99, Taken: time.Now(), Width: 10, Height: 10}, 6*kib)
	data := make([]byte, photo.Size())
	if _, err := photo.ReadAt(data, 0); err != nil {
		return err
	}
	_, err := s.cloud.Google.Put("", "foreign.jpg", data)
	return err
}
