package discover

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Store is what discovery needs of the session's store.
type Store interface {
	Known
	Items(ctx context.Context, q state.Query) iter.Seq2[*state.Item, error]
	Counts(ctx context.Context) (state.Counts, error)
	Put(items ...*state.Item) error
	Record(entries ...state.LedgerEntry) error
}

// Reporter publishes what happens.
type Reporter interface {
	// Listed publishes what is stored of a listed item, and what was stored
	// before, or nil.
	Listed(before, it *state.Item)
	Refused(it *state.Item, stage state.Stage)
	Notice(format string, args ...any)
}

// Discoverer lists a source into a session. All fields but Foreign, Describe and
// those of albums are required.
type Discoverer struct {
	Source   station.Source
	Window   media.Window
	Session  state.Session // its header
	Foreign  bool          // see [state.Session]
	Describe bool          // the items are described when they arrive
	Store    Store
	Refuse   func(media.Item) *media.Refusal
	// Recaller, if not nil, knows what the destination holds instead of the ledger.
	Recaller station.Recaller
	// Digester, if not nil, identifies the bytes of listed items.
	Digester station.Digester
	// Filing says into which albums items go; those that are at the destination
	// already only if Refiles is set.
	Filing  filing.Plan
	Refiles bool
	// Album, if not nil, is called with each album of the source, and asks for them.
	Album   func(media.Album)
	Repeats *repeats.Repeats
	Report  Reporter
	// News is called after items were stored.
	News func()
	// Failed is called for an item that no store can keep. An error from it ends
	// the discovery.
	Failed func(it *state.Item, err error) error
}

// Found is what a discovery found out.
type Found struct {
	// ProvenAt is when the listing began, UTC, if it was walked to its proven end
	// and the session holds everything that it showed; otherwise zero.
	ProvenAt time.Time
	Unstored int      // listed items that no store can keep
	Warnings []string // what a user should know of the source after the run
}

// Run lists the source.
func (d *Discoverer) Run(ctx context.Context) (found Found, err error) {
	began := time.Now().UTC()
	w := newItemWriter(d)
	limit, err := NewLimit(ctx, w.lookup, d.Store, d.Session.Filter.MaxItems, lifecycle.Unready)
	if err != nil {
		return found, err
	}
	listing, err := d.listing(ctx, func(text string) {
		d.Report.Notice("%s", text)
		found.Warnings = append(found.Warnings, text)
	})
	if err != nil {
		return found, err
	}
	whole, err := d.store(ctx, listing, limit, w)
	found.Unstored = w.unstored
	if err == nil {
		err = d.conclude(ctx)
	}
	if err == nil && whole {
		found.ProvenAt = began
	}
	return found, err
}

// store stores what is listed, and reports whether the session holds all of it.
func (d *Discoverer) store(ctx context.Context, listing iter.Seq2[media.Item, error], limit *Limit, w *itemWriter) (whole bool, err error) {
	whole = true
	for item, err := range listing {
		if err != nil {
			return false, errors.Join(w.flush(), err)
		}
		if item = item.Bounded(); !d.Session.Filter.Match(item) {
			continue
		}
		take, more, err := limit.Admit(ctx, item)
		if err != nil {
			return false, err
		}
		if whole = whole && take && more; !more {
			break
		}
		if !take {
			continue
		}
		if err := w.put(ctx, item, limit); err != nil {
			return false, err
		}
	}
	err = w.flush()
	return whole && w.unstored == 0, err
}

// conclude says what a listing that came to its end means for what it did not
// show.
func (d *Discoverer) conclude(ctx context.Context) error {
	if err := d.skipUnlisted(ctx); err != nil {
		return err
	}
	return d.explainUnfiled(ctx)
}

// explainUnfiled says that items which were at the destination before the
// session are not put into its album, where only what is created is.
func (d *Discoverer) explainUnfiled(ctx context.Context) error {
	if d.Session.Album == "" || d.Refiles {
		return nil
	}
	counts, err := d.Store.Counts(ctx)
	if n := counts.Outcomes[state.OutcomeAlreadyThere]; err == nil && n > 0 {
		d.Report.Notice("the album %q lacks the items that were at the destination before, of which there are %d: only what is created now is put into it", d.Session.Album, n)
	}
	return err
}
