package sessioncopy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *jsondir.Backend {
	t.Helper()
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const account = "gphotos:3f9a"

func item(n int) *state.Item {
	it := &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("m%06d", n), Part: 1, Label: "source"},
			Name: fmt.Sprintf("GX%06d.MP4", n), Size: int64(1000 + n), Kind: media.Video,
			CapturedAt: time.Date(2026, 1, 8, 9, 0, n%60, 123456789, time.UTC),
		},
		Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
		Extra: map[string]json.RawMessage{"later": json.RawMessage(`{"n":[1.0,2e3,null]}`)},
	}
	if n%2 == 0 {
		it.Transfer, it.Create, it.Carried = state.Completed, state.Completed, it.Size
		it.DestinationID, it.SHA256 = fmt.Sprintf("dest%d", n), strings.Repeat("ab", 32)
	}
	return it
}

// stored puts a session of n items and two batches into a store.
func stored(t *testing.T, b state.Backend, n int) *state.Session {
	t.Helper()
	s := state.NewSession("january", media.Window{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, time.Now())
	s.Account, s.Album, s.From, s.To = account, "January", "gopro:", "gphotos:"
	s.Stages[state.Discovery] = state.Completed
	must(t, b.PutSession(t.Context(), s))
	var items []*state.Item
	for i := range n {
		items = append(items, item(i))
	}
	must(t, b.PutItems(t.Context(), s.ID, items...))
	for i := range 2 {
		must(t, b.PutBatch(t.Context(), s.ID, &state.Batch{Index: state.FirstBatchIndex + i, FileNames: []string{"GX000000.MP4"}, Status: state.Completed}))
	}
	return s
}

// sum returns the digest of a session as it is stored.
func sum(t *testing.T, b state.Backend, id string) string {
	t.Helper()
	s, err := b.Session(t.Context(), id)
	must(t, err)
	d, err := newCopier(nil, nil, id, Options{}).sumUp(t.Context(), b, s, false)
	must(t, err)
	return d.String()
}

func TestCopy(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 7)
	seen := 0
	r, err := Copy(t.Context(), from, to, s.ID, Options{Progress: func(bool, int) { seen++ }})
	must(t, err)
	if r.Counts.Total != 7 || r.Batches != 2 || r.Present || r.Removed || r.Digest != sum(t, from, s.ID) || r.Digest != sum(t, to, s.ID) || seen == 0 {
		t.Errorf("%+v, %d calls of progress", r, seen)
	}
	if copied, err := to.Session(t.Context(), s.ID); err != nil || copied.Copying {
		t.Errorf("%+v, %v", copied, err)
	}
	// What was registered is known to the new ledger, and nothing else.
	for n := range 3 {
		e, err := to.Recall(t.Context(), account, item(n).ID.Key())
		if there := n%2 == 0; there != (err == nil) || there && (e.DestinationID != fmt.Sprintf("dest%d", n) || e.Size != int64(1000+n)) {
			t.Errorf("ledger of item %d: %+v, %v", n, e, err)
		}
	}
	for _, entry := range lifecycle.BytesEntries(item(0)) {
		if _, err := to.Recall(t.Context(), account, entry.Key); err != nil {
			t.Errorf("ledger of the bytes of an item, %s: %v", entry.Key, err)
		}
	}
	again, err := Copy(t.Context(), from, to, s.ID, Options{})
	must(t, err)
	if !again.Present || again.Digest != r.Digest || again.Counts.Total != 7 {
		t.Errorf("again: %+v", again)
	}
	it := item(1)
	it.Transfer = state.Completed
	must(t, to.PutItems(t.Context(), s.ID, it))
	before := sum(t, to, s.ID)
	if _, err := Copy(t.Context(), from, to, s.ID, Options{Remove: true}); !errors.Is(err, ErrDiffers) {
		t.Errorf("over one that has gone on: %v", err)
	}
	if sum(t, to, s.ID) != before || sum(t, from, s.ID) != r.Digest {
		t.Error("a refused copy has changed something")
	}
}

func TestRemove(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 3)
	want := sum(t, from, s.ID)
	// The copy is there from a run that died before it removed the original.
	_, err := Copy(t.Context(), from, to, s.ID, Options{})
	must(t, err)
	r, err := Copy(t.Context(), from, to, s.ID, Options{Remove: true})
	must(t, err)
	if !r.Removed || sum(t, to, s.ID) != want {
		t.Errorf("%+v", r)
	}
	if _, err := from.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the original: %v, want ErrNotFound", err)
	}
}

func TestLedgerKnowsMoreThanTheSession(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 4)
	put := state.LedgerEntry{Account: account, Key: item(0).ID.Key(), DestinationID: "put back", Size: 1000, Session: "other", At: time.Now().UTC()}
	must(t, from.Record(t.Context(), put))
	own := state.LedgerEntry{Account: account, Key: item(2).ID.Key(), DestinationID: "its own", Size: 1002, Session: "other", At: time.Now().UTC()}
	must(t, to.Record(t.Context(), own))
	_, err := Copy(t.Context(), from, to, s.ID, Options{})
	must(t, err)
	for n, want := range map[int]string{0: "put back", 2: "its own"} {
		if e, err := to.Recall(t.Context(), account, item(n).ID.Key()); err != nil || e.DestinationID != want {
			t.Errorf("item %d: %+v, %v, want %s", n, e, err, want)
		}
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	from, to := open(t, dir), open(t, t.TempDir())
	s := stored(t, from, 1)
	for name, b := range map[string]state.Backend{"original": from, "copy": to} {
		lock, err := b.Lock(t.Context(), s.ID)
		must(t, err)
		// This process holds it, as another would: only the same store twice is
		// told apart, by the original's lock of this copy.
		if _, err := Copy(t.Context(), from, to, s.ID, Options{}); err == nil {
			t.Errorf("%s locked: copied", name)
		}
		must(t, lock.Unlock())
	}
	if _, err := Copy(t.Context(), from, open(t, dir), s.ID, Options{}); !errors.Is(err, ErrSameStore) {
		t.Errorf("into itself: %v, want ErrSameStore", err)
	}
	if _, err := Copy(t.Context(), from, to, "none", Options{}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	_, err := Copy(t.Context(), from, to, s.ID, Options{})
	must(t, err)
}

// readOnly is a store that cannot be written, not even to lock a session.
type readOnly struct{ state.Backend }

func (readOnly) Lock(context.Context, string) (state.Unlocker, error) {
	return nil, errors.New("read-only")
}

func TestOriginalThatCannotBeLocked(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 1)
	told := 0
	_, err := Copy(t.Context(), readOnly{from}, to, s.ID, Options{Unlocked: func(error) { told++ }})
	if err != nil || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
	if _, err := Copy(t.Context(), readOnly{from}, to, s.ID, Options{Remove: true}); err == nil {
		t.Error("what cannot be locked was removed")
	}
}

func TestUnusable(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	for id, spoil := range map[string]func(*state.Session){
		"half":  func(s *state.Session) { s.Copying = true },
		"newer": func(s *state.Session) { s.SchemaVersion = state.SchemaVersion + 1 },
	} {
		s := state.NewSession(id, media.Window{}, time.Now())
		spoil(s)
		must(t, from.PutSession(t.Context(), s))
		if _, err := Copy(t.Context(), from, to, id, Options{}); fault.HintOf(err) == "" {
			t.Errorf("%s: %v, want a fault with a hint", id, err)
		}
		if _, err := to.Session(t.Context(), id); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%s: %v, want nothing there", id, err)
		}
	}
}

// TestQ2google copies what q2google wrote, beside which Gondola writes nothing
// but a lock.
func TestQ2google(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"old/meta.json": `{"schema_version": 1, "session_id": "old", "created_at": "2026-01-31T08:15:30.123456+00:00",
			"updated_at": "2026-01-31T08:21:07.000042+00:00", "start_date_iso": "2026-01-08T00:00:00", "end_date_iso": "2026-01-09T00:00:00",
			"batch_size": 50, "stages": {"discovery": "completed", "transfer": "completed", "create": "failed"}}`,
		"old/items/a.jpg.json": `{"file_name": "a.jpg", "media_id": null, "download_url": "https://cdn.example/p", "discovery_status": "completed",
			"transfer_status": "completed", "create_status": "pending", "upload_token": "tok-1", "media_type": "photo", "errors": {}, "note": 1.50}`,
		"old/batches/0.json": `{"batch_index": 0, "file_names": ["a.jpg"], "status": "failed", "responses_json": null, "error": null}`,
	} {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	from, to := open(t, dir), open(t, t.TempDir())
	r, err := Copy(t.Context(), from, to, "old", Options{})
	must(t, err)
	if r.Counts.Total != 1 || r.Batches != 1 {
		t.Errorf("%+v", r)
	}
	for name, key := range map[string]string{"old/meta.json": "gondola", "old/items/a.jpg.json": "gondola"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || strings.Contains(string(text), key) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}
