package state

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/state/driver"
)

// Store is a [Backend] on a driver. It has the rules that all stores share: which
// stored item a change is about, who owns a name, what can be stored, the order
// of discovery, and which changes go into one transaction.
//
// Changes of one session that wait at the same time are made in one transaction:
// each call returns when its own change is durable, and a change that is refused
// does not keep the others back.
type Store struct {
	driver driver.Store
	now    func() time.Time
	codec  Codec
	names  driver.NameRules
	closed atomic.Bool

	queues   sync.Map // session → *queue
	locks    sync.Map // session → *lock that is held
	readings sync.Map // *reading → nil
}

// StoreOptions adjust a [Store]. The zero StoreOptions are ready for use.
type StoreOptions struct {
	Now   func() time.Time // when a session was updated; nil is time.Now
	Codec Codec            // of the documents in the driver's rows; nil is Documents
}

var _ Backend = (*Store)(nil)

// NewStore returns a backend that keeps its rows in d, which it closes.
func NewStore(d driver.Store, o StoreOptions) *Store {
	s := &Store{driver: d, now: o.Now, codec: o.Codec, names: anyNames{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.codec == nil {
		s.codec = Documents{}
	}
	if rules, ok := d.(driver.NameRules); ok {
		s.names = rules
	}
	return s
}

// anyNames are the rules of a store that can hold every name.
type anyNames struct{}

func (anyNames) CheckName(string) error  { return nil }
func (anyNames) Fold(name string) string { return name }

// usable returns an error if the store or ctx has ended.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return driver.Fault("use stored sessions", ErrClosed, "")
	}
	return nil
}

// findable returns an error if the store or ctx has ended, or no session can have
// this id.
func (s *Store) findable(ctx context.Context, session string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if session == "" || !storableText(session) {
		return ErrNotFound
	}
	return nil
}

func storableText(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// nameable is findable for what is about to get this id.
func (s *Store) nameable(ctx context.Context, session string) error {
	err := s.findable(ctx, session)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return driver.Fault(fmt.Sprintf("use session id %q", session),
		errors.New("it is empty, no valid UTF-8, or has a NUL control character"), "choose another session id")
}

// refused is the fault of something that cannot be stored.
func refused(what string, err error) error {
	return driver.Fault("store "+what, err, "")
}

// Session returns a session's header.
func (s *Store) Session(ctx context.Context, id string) (*Session, error) {
	if err := s.findable(ctx, id); err != nil {
		return nil, err
	}
	h, err := s.driver.Header(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.session(h)
}

func (s *Store) session(h driver.Header) (*Session, error) {
	header, err := s.codec.DecodeSession(h.Document)
	if err == nil && header.ID != h.ID {
		err = fmt.Errorf("it says that it is session %q", header.ID)
	}
	if err != nil {
		return nil, s.driver.Damaged(fmt.Sprintf("the header of session %q", h.ID), err)
	}
	return header, nil
}

// PutSession stores a session's header and sets its UpdatedAt.
func (s *Store) PutSession(ctx context.Context, header *Session) error {
	if err := s.nameable(ctx, header.ID); err != nil {
		return err
	}
	stored := *header
	stored.UpdatedAt = s.now().UTC().Truncate(time.Microsecond)
	document, err := s.codec.EncodeSession(&stored)
	if err != nil {
		return refused(fmt.Sprintf("the header of session %q", header.ID), err)
	}
	err = s.commit(ctx, header.ID, &change{header: &driver.Header{ID: header.ID, Updated: stored.UpdatedAt, Document: document}})
	if err == nil {
		header.UpdatedAt = stored.UpdatedAt
	}
	return err
}

// Sessions lists headers, most recently updated first.
func (s *Store) Sessions(ctx context.Context) iter.Seq2[*Session, error] {
	return func(yield func(*Session, error) bool) {
		if err := s.usable(ctx); err != nil {
			yield(nil, err)
			return
		}
		for h, err := range s.driver.Headers(ctx) {
			if ended := s.usable(ctx); ended != nil {
				yield(nil, ended)
				return
			}
			var header *Session
			if err == nil {
				header, err = s.session(h)
			}
			if err != nil && h.ID != "" {
				header = &Session{ID: h.ID}
			}
			if !yield(header, err) {
				return
			}
		}
	}
}

// Counts sums up the session's items.
func (s *Store) Counts(ctx context.Context, id string) (Counts, error) {
	c := Counts{Outcomes: map[Outcome]int{}}
	if err := s.findable(ctx, id); err != nil {
		return c, err
	}
	sums, err := s.driver.Sums(ctx, id)
	for _, sum := range sums {
		if sum.Items == 0 {
			continue
		}
		c.Total += sum.Items
		c.Outcomes[Outcome(sum.Outcome)] += sum.Items
		c.Carried += sum.Carried
		if Outcome(sum.Outcome) != OutcomeSkipped {
			c.Bytes += sum.Bytes
		}
	}
	return c, err
}

// Close releases the store.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	return s.driver.Close()
}
