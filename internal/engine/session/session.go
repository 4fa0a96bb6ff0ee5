package session

import (
	"context"
	"iter"
	"maps"
	"sync"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// Session is an open session. What changes it is stored even while the run is
// being stopped. It is safe for concurrent use.
type Session struct {
	ID     string
	Window media.Window // the exact span of capture times
	// Foreign is that of the header: items have names only, until a listing has
	// linked them to their identities.
	Foreign bool
	Account string // of the destination; "" before Settle

	derived bool // its id was not asked for
	backend state.Backend
	lasting context.Context // for what must be stored although the run is being stopped

	mu     sync.Mutex // guards header
	header *state.Session
}

// Header returns a copy of the session's header.
func (s *Session) Header() state.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := *s.header
	h.Stages = maps.Clone(h.Stages)
	return h
}

// Update changes the header and stores it.
func (s *Session) Update(change func(*state.Session)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.header)
	return s.backend.PutSession(s.lasting, s.header)
}

// Change changes the header; the next Update stores it.
func (s *Session) Change(change func(*state.Session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.header)
}

// Put stores items.
func (s *Session) Put(items ...*state.Item) error {
	if len(items) == 0 {
		return nil
	}
	return s.backend.PutItems(s.lasting, s.ID, items...)
}

// Item returns the item with this key, or state.ErrNotFound.
func (s *Session) Item(ctx context.Context, key string) (*state.Item, error) {
	return s.backend.Item(ctx, s.ID, key)
}

// ItemNamed returns the item with this name, or state.ErrNotFound.
func (s *Session) ItemNamed(ctx context.Context, name string) (*state.Item, error) {
	return s.backend.ItemNamed(ctx, s.ID, name)
}

// Items iterates the items that q selects.
func (s *Session) Items(ctx context.Context, q state.Query) iter.Seq2[*state.Item, error] {
	return s.backend.Items(ctx, s.ID, q)
}

// Page reads a few items at once, so that no iteration of the backend stays open
// while bytes move.
func (s *Session) Page(ctx context.Context, q state.Query) (page []*state.Item, err error) {
	for it, err := range s.Items(ctx, q) {
		if err != nil {
			return nil, err
		}
		page = append(page, it)
	}
	return page, nil
}

// Counts sums up the items.
func (s *Session) Counts(ctx context.Context) (state.Counts, error) {
	return s.backend.Counts(ctx, s.ID)
}

// Batches iterates the records of create calls.
func (s *Session) Batches(ctx context.Context) iter.Seq2[*state.Batch, error] {
	return s.backend.Batches(ctx, s.ID)
}

// PutBatch stores the record of a create call.
func (s *Session) PutBatch(b *state.Batch) error {
	return s.backend.PutBatch(s.lasting, s.ID, b)
}

// Recall returns what the ledger remembers under a key at the session's account,
// or state.ErrNotFound.
func (s *Session) Recall(ctx context.Context, key string) (*state.LedgerEntry, error) {
	return s.backend.Recall(ctx, s.Account, key)
}

// Record enters into the ledger, for the session's account.
func (s *Session) Record(entries ...state.LedgerEntry) error {
	if len(entries) == 0 {
		return nil
	}
	for i := range entries {
		entries[i].Account, entries[i].Session = s.Account, s.ID
	}
	return s.backend.Record(s.lasting, entries...)
}

// LockAccount takes the session's account, to write to it.
func (s *Session) LockAccount(ctx context.Context) (state.Unlocker, error) {
	return s.backend.Lock(ctx, state.AccountLock(s.Account))
}

// Journal returns where the backend keeps the session's history, or nil.
func (s *Session) Journal() state.Journal {
	journal, _ := s.backend.(state.Journal)
	return journal
}
