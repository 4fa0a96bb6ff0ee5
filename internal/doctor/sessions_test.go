package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// stored makes a state directory with one session of one item.
func stored(t *testing.T) (dir string, open Open) {
	t.Helper()
	dir = t.TempDir()
	open = func(context.Context) (state.Backend, error) {
		return jsondir.Open(dir, jsondir.Options{})
	}
	b, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := state.NewSession("one", media.Window{}, time.Now())
	if err := b.PutSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	item := &state.Item{Item: media.Item{ID: media.ID{Station: "gopro", Medium: "m", Part: 1}, Name: "a.jpg"}}
	item.Discovery, item.Transfer, item.Create = state.Completed, state.Pending, state.Pending
	if err := errors.Join(b.PutItems(t.Context(), "one", item), b.Close()); err != nil {
		t.Fatal(err)
	}
	return dir, open
}

func TestSessions(t *testing.T) {
	dir, open := stored(t)
	if f := only(t, Sessions(open).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "1 session with 1 item ") {
		t.Errorf("a good one: %+v", f)
	}
	if f := only(t, Sessions(none).Run(t.Context())); f.Level != OK {
		t.Errorf("none: %+v", f)
	}
	meta := filepath.Join(dir, "one", "meta.json")
	good, err := os.ReadFile(meta)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(meta, strings.Replace(string(good), `"schema_version": 1`, `"schema_version": 2`, 1))
	if f := only(t, at(t, Problem, Sessions(open))); !strings.Contains(f.What, "version 2") {
		t.Errorf("of a newer gondola: %+v", f)
	}
	write(meta, "{")
	if f := only(t, at(t, Problem, Sessions(open))); !strings.Contains(f.What, "session one") {
		t.Errorf("a broken header: %+v", f)
	}
	write(meta, string(good))
	write(filepath.Join(dir, "one", "items", "a.jpg.json"), "[1")
	if f := only(t, at(t, Problem, Sessions(open))); !strings.Contains(f.What, "a.jpg.json") {
		t.Errorf("a broken item: %+v", f)
	}
	broken := func(context.Context) (state.Backend, error) { return nil, errors.New("no such store") }
	if f := only(t, at(t, Problem, State("it", broken))); !strings.Contains(f.What, "no such store") {
		t.Errorf("a backend that does not open: %+v", f)
	}
	if f := only(t, Sessions(broken).Run(t.Context())); f.Level != Note {
		t.Errorf("one cause is told twice: %+v", f)
	}
}

// none opens a store that is not there.
func none(context.Context) (state.Backend, error) { return nil, state.ErrNotFound }

// damaged is a backend that tells about itself.
type damaged struct {
	state.Backend
	err error
}

func (d damaged) Describe(context.Context) (string, error) { return "Store 9 at home", nil }
func (d damaged) Check(context.Context) error              { return d.err }

func TestState(t *testing.T) {
	_, open := stored(t)
	if f := only(t, State("jsondir:x", open).Run(t.Context())); f.Level != OK || f.What != "jsondir:x can be opened" {
		t.Errorf("a good one: %+v", f)
	}
	if f := only(t, State("jsondir:x", none).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "none yet") {
		t.Errorf("none: %+v", f)
	}
	telling := func(err error) Open {
		return func(ctx context.Context) (state.Backend, error) {
			b, openErr := open(ctx)
			return damaged{b, err}, openErr
		}
	}
	if f := only(t, State("x", telling(nil)).Run(t.Context())); f.Level != OK || f.What != "Store 9 at home; no damage found" {
		t.Errorf("undamaged: %+v", f)
	}
	torn := &fault.Error{Op: "page 7 is torn", Hint: "restore it"}
	if f := only(t, State("x", telling(torn)).Run(t.Context())); f.Level != Problem || !strings.Contains(f.What, "page 7 is torn") || f.Remedy != "restore it" {
		t.Errorf("damaged: %+v", f)
	}
}

func TestUnfinishedCopy(t *testing.T) {
	_, open := stored(t)
	b, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := state.NewSession("half", media.Window{}, time.Now())
	s.Copying = true
	if err := errors.Join(b.PutSession(t.Context(), s), b.Close()); err != nil {
		t.Fatal(err)
	}
	if f := only(t, at(t, Note, Sessions(open))); !strings.Contains(f.What, "session half") {
		t.Errorf("a copy that broke off: %+v", f)
	}
}

func TestLocks(t *testing.T) {
	dir, open := stored(t)
	if f := only(t, Locks(open).Run(t.Context())); f.Level != OK {
		t.Errorf("a free session: %+v", f)
	}
	b, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lock, err := b.Lock(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "one", "lock")
	held, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // looking does not take it
		if f := only(t, Locks(open).Run(t.Context())); f.Level != Note || !strings.Contains(f.What, "is being run by process") {
			t.Errorf("held: %+v", f)
		}
	}
	if err := errors.Join(lock.Unlock(), b.Close()); err != nil {
		t.Fatal(err)
	}
	if f := only(t, Locks(open).Run(t.Context())); f.Level != OK {
		t.Errorf("given back: %+v", f)
	}
	if err := os.WriteFile(file, held, 0o600); err != nil { // as a process leaves it that is killed
		t.Fatal(err)
	}
	if f := only(t, Locks(open).Run(t.Context())); f.Level != Note || !strings.Contains(f.What, "which is gone") || f.Remedy != "run the command again that was running it" {
		t.Errorf("left behind: %+v", f)
	}
}

// TestAccountThatIsWrittenTo is no session that is run, nor a file that does not
// belong there when the process was killed.
func TestAccountThatIsWrittenTo(t *testing.T) {
	dir, open := stored(t)
	b, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := state.AccountLock("gphotos:a")
	lock, err := b.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.ReadFile(filepath.Join(dir, name, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if f := only(t, Locks(open).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "an account is being written to by process") {
		t.Errorf("held: %+v", f)
	}
	if err := errors.Join(lock.Unlock(), b.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name, "lock"), held, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := only(t, Locks(open).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "which is gone") {
		t.Errorf("left behind: %+v", f)
	}
	for _, f := range Sessions(open).Run(t.Context()) {
		if strings.Contains(f.What, "gondola-account") {
			t.Errorf("named as a session: %+v", f)
		}
	}
}

func TestStraysAreNamed(t *testing.T) {
	dir, open := stored(t)
	for _, name := range []string{"one/items/._a.jpg.json", "one/items/a (conflicted copy).jpg.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"file_name": "a.jpg"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "removed", "items"), 0o700); err != nil {
		t.Fatal(err)
	}
	findings := Sessions(open).Run(t.Context())
	var notes []string
	for _, f := range findings {
		if f.Level == Note {
			notes = append(notes, f.What)
		}
	}
	said := strings.Join(notes, "\n")
	for _, want := range []string{"/._a.jpg.json", "/a (conflicted copy).jpg.json", "/removed is not read", "gondola sessions rm"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not name %s", said, want)
		}
	}
	if last := findings[len(findings)-1]; len(notes) != 3 || last.Level != OK || !strings.Contains(last.What, "1 session with 1 item ") {
		t.Errorf("findings %+v", findings)
	}
	for n := range 30 {
		if err := os.WriteFile(filepath.Join(dir, "one/items", "._"+strings.Repeat("x", n+1)+".json"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if findings := Sessions(open).Run(t.Context()); len(findings) != mostStrays+2 || !strings.HasPrefix(findings[mostStrays].What, "23 files more") {
		t.Errorf("%d findings for 33 strays: %+v", len(findings), findings)
	}
}
