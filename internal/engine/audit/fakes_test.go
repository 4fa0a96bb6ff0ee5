package audit_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// source lists items, and then an error if it has one.
type source struct {
	origin string // "" is "gopro:me"
	items  iter.Seq[media.Item]
	err    error
}

func (s *source) Name() string                           { return "gopro:" }
func (s *source) Origin(context.Context) (string, error) { return cmp.Or(s.origin, "gopro:me"), nil }

func (s *source) List(context.Context, media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for item := range s.items {
			if !yield(item, nil) {
				return
			}
		}
		if s.err != nil {
			yield(media.Item{}, s.err)
		}
	}
}

func (s *source) Open(context.Context, media.Item, int64, string) (*station.Content, error) {
	return nil, errors.New("an audit opens nothing")
}

// film returns an item of the source by its number.
func film(n int) media.Item {
	name := fmt.Sprintf("GX%06d.MP4", n)
	return media.Item{
		ID:   media.ID{Station: "gopro", Medium: name, Part: 1, Label: "source"},
		Name: name, Size: int64(1000 + n), Kind: media.Video, CapturedAt: time.Unix(int64(n), 0).UTC(),
	}
}

func films(n int) []media.Item {
	items := make([]media.Item, n)
	for i := range items {
		items[i] = film(i)
	}
	return items
}

// library is a destination by ids, such as Google Photos.
type library struct {
	station.Destination
	name, account string
	has           func(id string) *station.RemoteItem
	fail          func(call int) error
	calls         []int // ids in each
}

func (l *library) Name() string                            { return l.name }
func (l *library) Account(context.Context) (string, error) { return l.account, nil }
func (l *library) Limits() station.Limits                  { return station.Limits{Batch: 50} }
func (l *library) Refuse(item media.Item) *media.Refusal   { return item.Refusal }

func (l *library) Inspect(_ context.Context, ids []string) ([]*station.RemoteItem, error) {
	l.calls = append(l.calls, len(ids))
	if l.fail != nil {
		if err := l.fail(len(l.calls)); err != nil {
			return nil, err
		}
	}
	held := make([]*station.RemoteItem, len(ids))
	for i, id := range ids {
		held[i] = l.has(id)
	}
	return held, nil
}

// ready is what a library says of each id but those that are lost.
func ready(lost ...string) func(string) *station.RemoteItem {
	return func(id string) *station.RemoteItem {
		if slices.Contains(lost, id) {
			return nil
		}
		return &station.RemoteItem{Readiness: station.Ready}
	}
}

// shelf is a destination that keeps a record of its own, such as a folder.
type shelf struct {
	library
	record map[string]station.Recalled // by key
	fail   error
}

func (s *shelf) Recall(_ context.Context, item media.Item) (*station.Recalled, error) {
	if held, ok := s.record[item.LedgerKey()]; ok {
		return &held, s.fail
	}
	return nil, s.fail
}

func (s *shelf) RecallBytes(_ context.Context, size int64, digest func() (string, error)) (*station.Recalled, error) {
	for _, held := range s.record {
		if held.Size != size {
			continue
		}
		if sum, err := digest(); err != nil || sum == held.SHA256 {
			return &held, err
		}
	}
	return nil, nil
}

// memory is a store of what an audit reads.
type memory struct {
	state.Backend
	sessions map[string]*state.Session
	items    map[string][]*state.Item // by session
	ledger   map[[2]string]state.LedgerEntry
}

func (m *memory) Session(_ context.Context, id string) (*state.Session, error) {
	h, ok := m.sessions[id]
	if !ok {
		return nil, state.ErrNotFound
	}
	same := *h
	return &same, nil
}

func (m *memory) Sessions(ctx context.Context) iter.Seq2[*state.Session, error] {
	return func(yield func(*state.Session, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(m.sessions)) {
			if !yield(m.Session(ctx, id)) {
				return
			}
		}
	}
}

func (m *memory) PutSession(_ context.Context, h *state.Session) error {
	same := *h
	m.sessions[h.ID] = &same
	return nil
}

func (m *memory) Item(_ context.Context, session, key string) (*state.Item, error) {
	for _, it := range m.items[session] {
		if it.ID.Key() == key {
			return it, nil
		}
	}
	return nil, state.ErrNotFound
}

func (m *memory) Items(_ context.Context, session string, q state.Query) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		given := 0
		for _, it := range m.items[session][q.After:] {
			if q.Outcome != "" && it.Outcome() != q.Outcome {
				continue
			}
			if given++; q.Limit > 0 && given > q.Limit || !yield(it, nil) {
				return
			}
		}
	}
}

func (m *memory) PutItems(_ context.Context, session string, items ...*state.Item) error {
	for _, it := range items {
		m.items[session] = append(m.items[session], it)
		it.Seq = int64(len(m.items[session]))
	}
	return nil
}

func (m *memory) Recall(_ context.Context, account, key string) (*state.LedgerEntry, error) {
	if entry, ok := m.ledger[[2]string{account, key}]; ok {
		return &entry, nil
	}
	return nil, state.ErrNotFound
}

func (m *memory) Record(_ context.Context, entries ...state.LedgerEntry) error {
	for _, entry := range entries {
		m.ledger[[2]string{entry.Account, entry.Key}] = entry
	}
	return nil
}

// rig is a store and the destinations of its sessions.
type rig struct {
	t       *testing.T
	backend state.Backend
	places  map[string]station.Destination
	opened  []string
	notices []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	backend := &memory{sessions: map[string]*state.Session{}, items: map[string][]*state.Item{}, ledger: map[[2]string]state.LedgerEntry{}}
	return &rig{t: t, backend: backend, places: map[string]station.Destination{}}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// session stores the header of a session into a destination.
func (r *rig) session(id, origin string, to station.Destination) {
	r.t.Helper()
	r.places[to.Name()] = to
	account, err := to.Account(r.t.Context())
	r.must(err)
	h := state.NewSession(id, media.Window{}, time.Now().UTC())
	h.From, h.To, h.Origin, h.Account = "gopro:", to.Name(), origin, account
	r.must(r.backend.PutSession(r.t.Context(), h))
}

// carried records that a session carried items, each to the id "id of NAME".
func (r *rig) carried(session string, items ...media.Item) {
	r.t.Helper()
	h, err := r.backend.Session(r.t.Context(), session)
	r.must(err)
	var stored []*state.Item
	var entries []state.LedgerEntry
	for _, item := range items {
		it := &state.Item{Item: item, Discovery: state.Completed, Transfer: state.Completed, Carried: item.Size, SHA256: shaOf(item)}
		lifecycle.Created(it, "id of "+item.Name)
		entry := lifecycle.LedgerEntry(it)
		entry.Account, entry.Session = h.Account, session
		stored, entries = append(stored, it), append(entries, entry)
	}
	r.must(r.backend.PutItems(r.t.Context(), session, stored...))
	r.must(r.backend.Record(r.t.Context(), entries...))
}

func shaOf(item media.Item) string { return "sha256 of " + item.Name }

func (r *rig) open(_ context.Context, name string) (station.Destination, error) {
	r.opened = append(r.opened, name)
	if to, ok := r.places[name]; ok {
		return to, nil
	}
	return nil, &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "open " + name}
}

// audit runs an audit and returns the items that are not safe, by name.
func (r *rig) audit(s station.Source, change func(*audit.Options)) (*audit.Result, map[string]audit.Item, error) {
	r.t.Helper()
	found := map[string]audit.Item{}
	o := audit.Options{
		Source: s, Backend: r.backend, Open: r.open,
		Each: func(it audit.Item) error {
			if it.Status != audit.Safe {
				found[it.Item.Name] = it
			}
			return nil
		},
		Notice:  func(text string) { r.notices = append(r.notices, text) },
		Waiting: func(fault.Wait) {},
		Log:     slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	result, err := audit.Run(r.t.Context(), o)
	return result, found, err
}

// mustAudit is audit of a listing that is proven.
func (r *rig) mustAudit(s station.Source, change func(*audit.Options)) (*audit.Result, map[string]audit.Item) {
	r.t.Helper()
	result, found, err := r.audit(s, change)
	if err != nil || !result.Listed {
		r.t.Fatalf("audit: %+v, %v", result, err)
	}
	if result.Safe+result.AtRisk+result.Unknown != result.Items || len(found) != result.AtRisk+result.Unknown {
		r.t.Errorf("counts that do not add up: %+v, %d items that are not safe", result, len(found))
	}
	return result, found
}

// failures returns why places could not be asked.
func failures(r *audit.Result) (errs []error) {
	for _, p := range r.Places {
		if p.Failed() {
			errs = append(errs, p.Err)
		}
	}
	return errs
}
