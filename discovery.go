package gondola

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// discover lists the source into the backend. Each item is durable before
// anything is done with it.
func (r *run) discover(ctx context.Context) error {
	defer close(r.listed)
	err := r.begin(ctx, state.Discovery)
	if err == nil {
		err = r.list(ctx)
	}
	return r.end(ctx, state.Discovery, err)
}

func (r *run) list(ctx context.Context) error {
	began := time.Now().UTC()
	limit, err := r.newLimit(ctx, r.session, unready)
	if err != nil {
		return err
	}
	listing, err := r.listing(ctx)
	if err != nil {
		return err
	}
	whole, err := r.shelve(ctx, listing, limit)
	if err != nil {
		return err
	}
	if err := r.retireNameless(ctx); err != nil {
		return err
	}
	if err := r.explainUnfiled(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session.From, r.session.To, r.session.Window = r.from, r.to, &r.window
	if whole {
		r.session.ProvenAt = began
	}
	return nil
}

// shelve stores what is listed, and reports whether the limit let all of it in.
func (r *run) shelve(ctx context.Context, listing iter.Seq2[media.Item, error], limit *limit) (whole bool, err error) {
	shelf := shelf{run: r, names: map[string]bool{}, atOnce: 1}
	whole = true
	for item, err := range listing {
		if err != nil {
			return false, errors.Join(err, shelf.flush(ctx))
		}
		if item = item.Bounded(); !r.session.Filter.Match(item) {
			continue
		}
		take, more, err := limit.admit(ctx, item)
		if err != nil {
			return false, err
		}
		if whole = whole && take && more; !more {
			break
		}
		if !take {
			continue
		}
		if err := shelf.put(ctx, item); err != nil {
			return false, err
		}
	}
	err = shelf.flush(ctx)
	return whole && !shelf.left, err
}

// shelf collects listed items for the backend, so that storing a million of
// them costs less than a million round trips, and yet the first byte does not
// wait: it stores one, then two, then four at a time.
type shelf struct {
	run    *run
	items  []*state.Item
	names  map[string]bool // folded names of items
	marked []*state.Item   // known ones, of which only the source's mark is new
	left   bool            // an item could not be stored
	atOnce int
}

const maxAtOnce = 64

func (s *shelf) put(ctx context.Context, listed media.Item) error {
	if err := listed.CheckIdentity(); err != nil {
		return s.leave(listed, state.Unstorable(&state.Item{Item: listed}, err))
	}
	it, err := s.place(ctx, listed)
	if err != nil {
		return err
	}
	if it != nil {
		s.items = append(s.items, it)
		s.names[fold(it.Name)] = true
	}
	if len(s.items)+len(s.marked) < s.atOnce {
		return nil
	}
	return s.flush(ctx)
}

func (s *shelf) flush(ctx context.Context) error {
	if len(s.items)+len(s.marked) == 0 {
		return nil
	}
	stored, err := s.save()
	if err != nil {
		return err
	}
	for _, it := range stored {
		s.run.announceListed(it)
	}
	s.items, s.marked = nil, nil
	clear(s.names)
	s.atOnce = min(2*s.atOnce, maxAtOnce)
	select {
	case s.run.news <- struct{}{}:
	default:
	}
	return nil
}

// place turns a listed item into the session's item, or nil if the session
// holds it unchanged.
func (s *shelf) place(ctx context.Context, listed media.Item) (*state.Item, error) {
	r := s.run
	if listed.Refusal == nil {
		listed.Refusal = r.opt.Destination.Refuse(listed)
	}
	known, err := r.known(ctx, &listed)
	switch {
	case err == nil:
		r.repeats.note(known)
		if it := refreshed(known, listed); it != nil {
			return it, nil
		}
		if mark(known, listed) {
			s.marked = append(s.marked, known)
		}
		return nil, nil
	case !errors.Is(err, state.ErrNotFound):
		return nil, err
	}
	if it, err := s.adopt(ctx, listed); it != nil || err != nil {
		return it, err
	}
	it := &state.Item{Item: listed, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
	if it.Name, err = s.freeName(ctx, listed); err != nil {
		return nil, err
	}
	r.found++
	if it.Refusal != nil {
		it.Create = state.Skipped
		return it, nil
	}
	return it, r.recall(ctx, it)
}

// refreshed returns the known item if the new listing says something that
// matters (it can be carried now, or cannot any more), else nil.
func refreshed(known *state.Item, listed media.Item) *state.Item {
	switch awaits := known.Awaits(); {
	case known.Refusal == nil && awaits == "", (known.Refusal == nil) == (listed.Refusal == nil), learned(known, listed):
		return nil
	}
	name := known.Name
	known.Item = listed
	known.Name = name
	known.Discovery = state.Completed
	if known.Create = state.Pending; known.Refusal != nil {
		known.Create = state.Skipped
	}
	return known
}

// mark takes over the source's mark of a listing that says nothing else new,
// and the reason why an item is refused if that is another one now. It reports
// whether there is something to store. An item that is on its way is left alone:
// its mark is of no use before it has arrived.
func mark(known *state.Item, listed media.Item) bool {
	if known.Awaits() != "" || listed.Revision == "" {
		return false
	}
	before := known.Item
	known.Revision, known.Of = listed.Revision, listed.Of
	if known.Refusal != nil && listed.Refusal != nil {
		known.Refusal = listed.Refusal
	}
	return known.Revision != before.Revision || known.Of != before.Of || !sameRefusal(known.Refusal, before.Refusal)
}

func sameRefusal(a, b *media.Refusal) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// learned reports whether the item was refused for its size, as only opening it
// could tell: a listing that does not know the size has nothing to say to that.
func learned(known *state.Item, listed media.Item) bool {
	return known.Refusal != nil && listed.Size == media.SizeUnknown &&
		(known.Refusal.Code == media.RefusedEmpty || known.Refusal.Code == media.RefusedTooLarge)
}

// recall looks the item up in the ledger: what is at the destination is not
// carried again.
func (r *run) recall(ctx context.Context, it *state.Item) error {
	entry, err := r.inLedger(ctx, &it.Item)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	it.Transfer, it.Create = state.Completed, state.Completed
	it.AlreadyThere = true
	it.DestinationID, it.SHA256, it.Carried = entry.DestinationID, entry.SHA256, entry.Size
	it.RegisteredAt = entry.At
	if it.Size == media.SizeUnknown {
		it.Size = entry.Size
	}
	return nil
}

// freeName returns the item's name, made unique if another item has it.
func (s *shelf) freeName(ctx context.Context, item media.Item) (string, error) {
	const mostNames = 100
	for taken := range mostNames {
		name := nameFor(item, taken)
		if s.names[fold(name)] {
			continue
		}
		_, err := s.run.opt.Backend.ItemNamed(ctx, s.run.id, name)
		if errors.Is(err, state.ErrNotFound) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", &fault.Error{Class: fault.Session, Code: fault.State, Op: fmt.Sprintf("find a free name for %s", item.ID.Key())}
}

// nameFor is the name to try for an item after so many that were taken: its own,
// then with its medium, then with a number as well.
func nameFor(item media.Item, taken int) string {
	switch taken {
	case 0:
		return item.Name
	case 1:
		return media.Distinguish(item.Name, item.ID.Medium)
	}
	return media.Distinguish(item.Name, fmt.Sprintf("%s-%d", item.ID.Medium, item.ID.Part+taken-2))
}

// fold maps names that some file system would take for the same to one.
func fold(name string) string { return strings.ToLower(name) }

func (r *run) announceListed(it *state.Item) {
	r.metrics.listed(it)
	switch {
	case it.Refusal != nil:
		r.emit(ItemEvent{Item: *it, Stage: state.Discovery, Status: state.Skipped})
	case it.AlreadyThere:
		r.emit(ItemEvent{Item: *it, Stage: state.Create, Status: state.Completed})
	default:
		r.emit(ItemEvent{Item: *it, Stage: state.Discovery, Status: state.Completed})
	}
}
