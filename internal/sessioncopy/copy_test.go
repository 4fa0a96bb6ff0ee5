package sessioncopy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

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
		if _, err := Copy(t.Context(), from, to, id, Options{}); media.HintOf(err) == "" {
			t.Errorf("%s: %v, want a fault with a hint", id, err)
		}
		if _, err := to.Session(t.Context(), id); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%s: %v, want nothing there", id, err)
		}
	}
}

// restless is an original that is saved while it is being read.
type restless struct {
	state.Backend
	t *testing.T
}

func (r restless) Batches(ctx context.Context, id string) iter.Seq2[*state.Batch, error] {
	s, err := r.Session(ctx, id)
	must(r.t, err)
	must(r.t, r.PutSession(ctx, s))
	return r.Backend.Batches(ctx, id)
}

// forgetful is a store that loses one field.
type forgetful struct{ state.Backend }

func (f forgetful) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	for _, it := range items {
		it.SHA256 = ""
	}
	return f.Backend.PutItems(ctx, id, items...)
}

func TestWhatIsNotTheSameIsFound(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 2)
	if _, err := Copy(t.Context(), restless{from, t}, to, s.ID, Options{}); !errors.Is(err, ErrChanged) {
		t.Errorf("an original that changes: %v", err)
	}
	if _, err := Copy(t.Context(), from, forgetful{to}, s.ID, Options{}); err == nil || !strings.Contains(err.Error(), "not the same") {
		t.Errorf("a store that loses something: %v", err)
	}
	if _, err := to.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("what was left: %v, want nothing", err)
	}
}

// memory is a store of whole sessions as JSON texts.
type memory map[string][]byte

func (m memory) Load(_ context.Context, id string) (*state.Document, error) {
	data, ok := m[id]
	if !ok {
		return nil, state.ErrNotFound
	}
	d := &state.Document{}
	return d, json.Unmarshal(data, d)
}

func (m memory) Save(_ context.Context, d *state.Document) error {
	data, err := json.Marshal(d)
	m[d.Session.ID] = data
	return err
}

func (m memory) Delete(_ context.Context, id string) error {
	delete(m, id)
	return nil
}

// dying is a store whose process dies at a change: it and all later ones fail.
type dying struct {
	state.Backend
	left *int
}

var errDead = errors.New("dead")

func (d dying) change(do func() error) error {
	if *d.left--; *d.left < 0 {
		return errDead
	}
	return do()
}

func (d dying) PutSession(ctx context.Context, s *state.Session) error {
	return d.change(func() error { return d.Backend.PutSession(ctx, s) })
}

func (d dying) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	return d.change(func() error { return d.Backend.PutItems(ctx, id, items...) })
}

func (d dying) PutBatch(ctx context.Context, id string, b *state.Batch) error {
	return d.change(func() error { return d.Backend.PutBatch(ctx, id, b) })
}

func (d dying) Record(ctx context.Context, entries ...state.LedgerEntry) error {
	return d.change(func() error { return d.Backend.Record(ctx, entries...) })
}

func (d dying) DeleteSession(ctx context.Context, id string) error {
	return d.change(func() error { return d.Backend.DeleteSession(ctx, id) })
}

// TestKilledAtEveryChange copies with a death before each change of either
// store. What is left is nothing, marked as not whole, or the whole; and the same
// command makes it whole.
func TestKilledAtEveryChange(t *testing.T) {
	whole := false
	for n := 0; !whole; n++ {
		fromStore, toStore := memory{}, memory{}
		from, to := state.Adapt(fromStore), state.Adapt(toStore)
		s := stored(t, from, 7)
		want := sum(t, from, s.ID)
		left := n
		c := newCopier(dying{from, &left}, dying{to, &left}, s.ID, Options{Remove: true})
		c.piece = 3
		_, err := c.run(t.Context())
		whole = err == nil
		must(t, errors.Join(from.Close(), to.Close()))

		from, to = state.Adapt(fromStore), state.Adapt(toStore)
		copied, err := to.Session(t.Context(), s.ID)
		switch {
		case errors.Is(err, state.ErrNotFound):
		case err != nil:
			t.Fatal(err)
		case !copied.Copying && sum(t, to, s.ID) != want:
			t.Errorf("killed at change %d: what looks whole is not", n)
		}
		if !whole {
			if sum(t, from, s.ID) != want {
				t.Errorf("killed at change %d: the original has changed", n)
			}
			_, err := Copy(t.Context(), from, to, s.ID, Options{Remove: true})
			must(t, err)
		}
		if sum(t, to, s.ID) != want {
			t.Errorf("killed at change %d: the copy is not the same in the end", n)
		}
		if _, err := from.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("killed at change %d: the original is still there: %v", n, err)
		}
		if n > 50 {
			t.Fatal("it never comes to an end")
		}
	}
}

func TestCancelled(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 4)
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := newCopier(from, to, s.ID, Options{Progress: func(bool, int) { cancel(stopped) }})
	c.piece = 2
	_, err := c.run(ctx)
	if !errors.Is(err, stopped) {
		t.Errorf("%v, want the cause", err)
	}
	if _, err := to.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("what was left: %v, want nothing", err)
	}
	if lock, err := from.Lock(t.Context(), s.ID); err != nil {
		t.Error(err)
	} else {
		must(t, lock.Unlock())
	}
}

func TestCanonical(t *testing.T) {
	for _, same := range [][]string{
		{`{"b":1,"a":[1.0,{"d":null,"c":"é"}]}`, `{ "a": [1, {"c":"\u00e9", "d":null}], "b":1e0 }`},
		{`[12345678901234567890]`, `[1.2345678901234567e19]`},
		{`[0.1]`, `[1e-1]`},
	} {
		a, err := canonical([]byte(same[0]))
		must(t, err)
		b, err := canonical([]byte(same[1]))
		must(t, err)
		if string(a) != string(b) {
			t.Errorf("%s and %s", a, b)
		}
	}
	for _, other := range [][]string{{`[9007199254740993]`, `[9007199254740992]`}, {`[1]`, `["1"]`}, {`{"a":null}`, `{}`}} {
		a, _ := canonical([]byte(other[0]))
		b, _ := canonical([]byte(other[1]))
		if string(a) == string(b) {
			t.Errorf("%s and %s are not told apart", other[0], other[1])
		}
	}
}

// endless is a store of very many items that keeps none: it makes them as they
// are asked for.
type endless struct {
	state.Backend
	header *state.Session
	n      int
	put    int
}

func (e *endless) Session(context.Context, string) (*state.Session, error) {
	if e.header == nil {
		return nil, state.ErrNotFound
	}
	s := *e.header
	return &s, nil
}

func (e *endless) PutSession(_ context.Context, s *state.Session) error {
	stored := *s
	e.header = &stored
	return nil
}

func (e *endless) PutItems(_ context.Context, _ string, items ...*state.Item) error {
	e.put += len(items)
	return nil
}

func (e *endless) Items(context.Context, string, state.ItemQuery) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		for n := range e.n {
			if it := item(n); !yield(it, nil) {
				return
			}
		}
	}
}

func (e *endless) Counts(context.Context, string) (state.Counts, error) {
	return state.Counts{Total: e.put}, nil
}

// TestMemoryIsFlat copies items whose documents take 8 MB and looks at the heap.
func TestMemoryIsFlat(t *testing.T) {
	const many = 8_000
	from := &endless{Backend: open(t, t.TempDir()), n: many}
	to := &endless{Backend: open(t, t.TempDir()), n: many}
	header := state.NewSession("many", media.Window{}, time.Now())
	must(t, from.Backend.PutSession(t.Context(), header))
	must(t, to.Backend.PutSession(t.Context(), header))
	from.header = header
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), uint64(0)
	r, err := Copy(t.Context(), from, to, "many", Options{Progress: func(_ bool, items int) {
		if items%1000 == 0 {
			most = max(most, heap())
		}
	}})
	must(t, err)
	if grown := int64(most - before); r.Counts.Total != many || grown > 2<<20 {
		t.Errorf("%d items copied, the heap grew by %d bytes", r.Counts.Total, grown)
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
