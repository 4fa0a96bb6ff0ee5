package register

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/lane"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Store is what registering needs of the session's store.
type Store interface {
	Page(ctx context.Context, q state.Query) ([]*state.Item, error)
	Put(items ...*state.Item) error
	Batches(ctx context.Context) iter.Seq2[*state.Batch, error]
	PutBatch(b *state.Batch) error
	Recall(ctx context.Context, key string) (*state.LedgerEntry, error)
	Record(entries ...state.LedgerEntry) error
	LockAccount(ctx context.Context) (state.Unlocker, error)
	Header() state.Session
	Change(func(*state.Session))
	Update(func(*state.Session)) error
}

// Reporter publishes what happens.
type Reporter interface {
	Began() time.Time // of the run
	Created(it *state.Item)
	// SentBack publishes that size bytes of an item are transferred again.
	SentBack(it *state.Item, size int64)
	Waiting(fault.Wait)
	Notice(format string, args ...any)
}

// Options are the parts of a Registrar; all but Filing, Arrived and Answered are
// required.
type Options struct {
	Destination station.Destination
	Store       Store
	Report      Reporter
	Listed      <-chan struct{} // closed when discovery has ended
	AfterListed bool            // nothing is registered before discovery has ended
	Filing      filing.Plan     // into which albums items go
	// Begin is called before the first batch is sent.
	Begin func(ctx context.Context) error
	// Failed is called for an item that could not be registered, which is stored.
	// An error from it ends the run.
	Failed func(it *state.Item, err error) error
	// Again is called when an item awaits its transfer again.
	Again func()
	// Arrived, if not nil, is called with the items of each call that are at the
	// destination, when that is stored. An error from it ends the run.
	Arrived func(ctx context.Context, items []*state.Item) error
	// Answered, if not nil, is called with each answered call.
	Answered func(station.BatchResult)
}

// ahead is how many batches of transferred items may wait, so that a call that
// takes its time does not hold up the line.
const ahead = 20

// longestWait is how long a transferred item waits for its batch to fill.
const longestWait = 5 * time.Minute

const pageSize = 64 // items read from the store at a time

// Registrar registers items. Make it with New. Run is called once; Expect, Take,
// Drain and Close are for the carrier.
type Registrar struct {
	Options
	taken  chan *state.Item
	drains chan chan struct{}
	close  sync.Once
	lane   *lane.Lane // the writes of all runs to the account

	expected itemSet // stored as transferred by this run, not yet taken

	mu      sync.Mutex // guards what follows
	listed  []media.Album
	another chan struct{} // closed when one more album is listed
}

// New returns a Registrar.
func New(o Options) *Registrar {
	way := lane.Options{Store: o.Store, Name: o.Destination.Name(), Waiting: o.Report.Waiting}
	gated, ok := o.Destination.(station.Gated)
	if ok {
		way.Pace = gated.Pace()
	}
	l := lane.New(way)
	if ok {
		o.Destination = gated.Gate(l)
	}
	return &Registrar{
		Options: o,
		lane:    l,
		taken:   make(chan *state.Item, ahead*o.Destination.Limits().Batch),
		drains:  make(chan chan struct{}),
		another: make(chan struct{}),
	}
}

// Expect is called before an item is stored as transferred: it comes by Take.
func (r *Registrar) Expect(it *state.Item) { r.expected.add(it) }

// Take takes a transferred item.
func (r *Registrar) Take(ctx context.Context, it *state.Item) error {
	select {
	case r.taken <- it:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Drain registers everything that was taken, and returns when that is done.
func (r *Registrar) Drain(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case r.drains <- done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close says that nothing more is taken: Run ends when the rest is registered.
func (r *Registrar) Close() { r.close.Do(func() { close(r.taken) }) }

// Run registers what earlier runs have transferred and what is taken.
func (r *Registrar) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, r.lane.Close()) }()
	b := &batcher{r: r, size: 1, deadline: time.NewTimer(longestWait), albums: newAlbums(r)}
	defer b.deadline.Stop()
	if err := r.backlog(ctx, b); err != nil {
		return err
	}
	for {
		select {
		case it, more := <-r.taken:
			if !more {
				return r.finish(ctx, b)
			}
			if err := b.add(ctx, it); err != nil {
				return err
			}
		case done := <-r.drains:
			if err := r.drain(ctx, b); err != nil {
				return err
			}
			close(done)
		case <-b.deadline.C:
			if err := b.flushAll(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// drain takes what waits and registers everything.
func (r *Registrar) drain(ctx context.Context, b *batcher) error {
	for {
		select {
		case it, more := <-r.taken:
			if !more {
				return b.drain(ctx)
			}
			if err := b.add(ctx, it); err != nil {
				return err
			}
		default:
			return b.drain(ctx)
		}
	}
}

// backlog takes what an earlier run had transferred but not registered. What this
// run transfers comes by itself.
func (r *Registrar) backlog(ctx context.Context, b *batcher) error {
	if err := r.awaitListed(ctx); err != nil {
		return err
	}
	var after int64
	for {
		page, err := r.Store.Page(ctx, state.Query{Awaiting: state.Create, After: after, Limit: pageSize})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, it := range page {
			after = it.Seq
			if it.Receipt == nil || r.expected.has(it) || lifecycle.GivenUp(it) {
				continue
			}
			if err := b.add(ctx, it); err != nil {
				return err
			}
		}
	}
}

func (r *Registrar) awaitListed(ctx context.Context) error {
	if !r.AfterListed {
		return nil
	}
	select {
	case <-r.Listed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// itemSet is a set of a session's items. The zero value is empty.
type itemSet struct {
	mu   sync.Mutex // guards seqs
	seqs map[int64]bool
}

func (s *itemSet) add(it *state.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seqs == nil {
		s.seqs = map[int64]bool{}
	}
	s.seqs[it.Seq] = true
}

func (s *itemSet) remove(it *state.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seqs, it.Seq)
}

func (s *itemSet) has(it *state.Item) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seqs[it.Seq]
}
