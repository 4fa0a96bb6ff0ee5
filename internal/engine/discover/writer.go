package discover

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// itemWriter collects listed items for the store, so that storing a million of
// them costs less than a million round trips, and yet the first byte does not
// wait: it stores one, then two, then four at a time.
type itemWriter struct {
	d      *Discoverer
	lookup *Lookup

	items    []*state.Item
	before   map[*state.Item]*state.Item // what those of items were that are not new
	names    map[string]bool             // folded names of items
	marked   []*state.Item               // held ones, of which only the source's mark is new
	atOnce   int
	unstored int // items that no store can keep
}

const maxAtOnce = 64

func newItemWriter(d *Discoverer) *itemWriter {
	w := &itemWriter{d: d, before: map[*state.Item]*state.Item{}, names: map[string]bool{}, atOnce: 1}
	w.lookup = &Lookup{Known: w, Foreign: d.Foreign, Refuse: d.Refuse, Recaller: d.Recaller, Digester: d.Digester}
	if d.Refiles {
		w.lookup.Filing = d.Filing
	}
	return w
}

// put decides about a listed item and stores what becomes of it, soon.
func (w *itemWriter) put(ctx context.Context, listed media.Item, limit *Limit) error {
	if err := listed.CheckIdentity(); err != nil {
		return w.leave(listed, state.Unstorable(&state.Item{Item: listed}, err))
	}
	facts, err := w.lookup.Facts(ctx, listed)
	if err != nil {
		return err
	}
	if err := w.apply(ctx, decide.Decide(facts), limit); err != nil {
		return err
	}
	if len(w.items)+len(w.marked) < w.atOnce {
		return nil
	}
	return w.flush()
}

func (w *itemWriter) apply(ctx context.Context, decided decide.Decision, limit *Limit) error {
	it := decided.Item
	switch decided.Action {
	case decide.Keep:
		w.d.Repeats.Note(it)
		return nil
	case decide.Mark:
		w.d.Repeats.Note(it)
		w.marked = append(w.marked, it)
		return nil
	case decide.Link:
		if err := w.record(it); err != nil {
			return err
		}
	case decide.Split:
		if err := w.split(decided); err != nil {
			return err
		}
		fallthrough
	case decide.Carry, decide.There, decide.Skip:
		name, err := w.freeName(ctx, it.Item)
		if err != nil {
			return err
		}
		if name != it.Name {
			it.Name, it.FileName = name, it.Name
		}
		limit.Took()
	}
	w.items = append(w.items, it)
	if decided.Before != nil {
		w.before[it] = decided.Before
	}
	w.names[fold(it.Name)] = true
	return nil
}

// split stores the item under whose name two media went.
func (w *itemWriter) split(decided decide.Decision) error {
	if err := w.d.Store.Put(decided.Other); err != nil {
		return err
	}
	w.d.Report.Listed(decided.OtherBefore, decided.Other)
	return nil
}

// record enters an item that was carried before it had an identity into the
// ledger.
func (w *itemWriter) record(it *state.Item) error {
	if it.Awaits() != "" || it.Refusal != nil || it.AlreadyThere || it.DestinationID == "" {
		return nil
	}
	return w.d.Store.Record(lifecycle.LedgerEntries(it)...)
}

func (w *itemWriter) flush() error {
	if len(w.items)+len(w.marked) == 0 {
		return nil
	}
	stored, err := w.save()
	if err != nil {
		return err
	}
	for _, it := range stored {
		w.d.Report.Listed(w.before[it], it)
	}
	w.items, w.marked = nil, nil
	clear(w.names)
	clear(w.before)
	w.atOnce = min(2*w.atOnce, maxAtOnce)
	w.d.News()
	return nil
}

// save stores what was collected, or item by item what of it can be stored, and
// returns what is new of it.
func (w *itemWriter) save() (stored []*state.Item, err error) {
	if err := w.d.Store.Put(w.marked...); err != nil {
		return nil, err
	}
	if err = w.d.Store.Put(w.items...); !lifecycle.Unstorable(err) {
		return w.items, err
	}
	for _, it := range w.items {
		switch err := w.d.Store.Put(it); {
		case err == nil:
			stored = append(stored, it)
		case !lifecycle.Unstorable(err):
			return stored, err
		default:
			if err := w.leave(it.Item, err); err != nil {
				return stored, err
			}
		}
	}
	return stored, nil
}

// leave counts a listed item that cannot be stored as failed: it is in no
// session, so that only this run, and each later one that lists it, says so.
func (w *itemWriter) leave(listed media.Item, why error) error {
	w.unstored++
	return w.d.Failed(&state.Item{Item: listed, Discovery: state.Failed}, why)
}

// freeName returns the item's name, made unique if another item has it.
func (w *itemWriter) freeName(ctx context.Context, item media.Item) (string, error) {
	const mostNames = 100
	for taken := range mostNames {
		name := nameFor(item, taken)
		if w.names[fold(name)] {
			continue
		}
		_, err := w.d.Store.ItemNamed(ctx, name)
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

// Item is Known.
func (w *itemWriter) Item(ctx context.Context, key string) (*state.Item, error) {
	return w.d.Store.Item(ctx, key)
}

// ItemNamed is Known: an item that was collected under the name is stored first.
func (w *itemWriter) ItemNamed(ctx context.Context, name string) (*state.Item, error) {
	if w.names[fold(name)] {
		if err := w.flush(); err != nil {
			return nil, err
		}
	}
	return w.d.Store.ItemNamed(ctx, name)
}

// Recall is Known.
func (w *itemWriter) Recall(ctx context.Context, key string) (*state.LedgerEntry, error) {
	return w.d.Store.Recall(ctx, key)
}
