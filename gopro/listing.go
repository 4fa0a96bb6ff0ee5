package gopro

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/media"
)

const (
	// Large pages are the ones that come short, so that walks after the first
	// take small ones.
	firstPerPage = 100
	laterPerPage = 50

	maxWalks   = 3
	maxRereads = 3 // of one short page
	// maxPages stops a cloud that never comes to an end.
	maxPages = 1 << 20

	// captureMargin is what is asked for beyond the window, since nobody knows
	// how exactly the cloud reads the ends of a range.
	captureMargin = 24 * time.Hour
)

// Media streams the media captured in the window, newest upload first, each
// once. A medium whose capture time cannot be read is taken to be in it.
//
// The cloud pages by offset over a library that may change meanwhile, and now
// and then sends a page with rows missing. Rows are yielded as they come, but
// the sequence ends without an error only when the walk is proven complete: as
// many different media as the cloud says there are, or at least as many as there
// were when the walk began if none was removed since. Short pages are read
// again, and the whole walk is repeated up to twice, which may make up for rows
// missing before; then the sequence ends with a SessionWide fault of
// media.CodeListingIncomplete.
func (c *Client) Media(ctx context.Context, w media.Window) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		l := &listing{client: c, window: w, seen: newIDSet(), yield: yield}
		if err := l.run(ctx); err != nil && !l.stopped {
			yield(Row{}, err)
		}
	}
}

// listing is one run over the library.
type listing struct {
	client  *Client
	window  media.Window
	yield   func(Row, error) bool
	stopped bool   // by the consumer
	seen    *idSet // ids of media
}

// walk is one pass over all pages.
type walk struct {
	number  uint8
	unique  int  // different media seen in this walk
	first   int  // total_items at its first page
	total   int  // and at the last one read
	pages   int  // read so far
	grown   bool // total_items went up in between
	shrunk  bool // it went down
	gaps    bool // a page stayed short
	perPage int
}

// exact reports whether the walk saw all there is.
func (w *walk) exact() bool { return !w.shrunk && w.unique == w.total }

// covers reports whether the walk saw all there was when it began: while nothing
// is removed, new uploads only push rows to pages yet to be read.
func (w *walk) covers() bool { return !w.shrunk && w.unique >= w.first }

func (l *listing) run(ctx context.Context) error {
	covered, changed, total := false, false, 0
	var w *walk
	for number := uint8(1); number <= maxWalks; number++ {
		w = &walk{number: number, perPage: laterPerPage}
		if number == 1 {
			w.perPage = firstPerPage
		} else if err := l.client.pause(ctx, time.Duration(number)*time.Second, "list gopro again: the last listing did not add up"); err != nil {
			return err
		}
		if err := l.walk(ctx, w); err != nil || l.stopped {
			return err
		}
		total, changed = cmp.Or(total, w.first), changed || w.grown || w.shrunk || total != 0 && w.first != total
		if w.exact() || !changed && l.seen.count == w.total {
			return nil
		}
		covered = covered || w.covers()
	}
	if covered {
		return nil
	}
	return &media.Fault{
		Class: media.SessionWide,
		Code:  media.CodeListingIncomplete,
		Op:    fmt.Sprintf("list gopro: %s", l.window),
		Err: fmt.Errorf("the cloud counts %d media and listed %d in the last of %d walks (%d in all, margins of the window included)",
			w.total, w.unique, maxWalks, l.seen.count),
		Hint: "run the same command again later: GoPro's listing comes short at times, and changes while something is uploaded or deleted",
	}
}

func (l *listing) walk(ctx context.Context, w *walk) error {
	for page := 1; page <= maxPages; page++ {
		p, err := l.page(ctx, w, page)
		if err != nil || l.stopped {
			return err
		}
		if page*size(p, w) >= p.TotalItems {
			return nil
		}
	}
	return nil
}

// size is how many rows a full page has.
func size(p Page, w *walk) int {
	if p.PerPage > 0 {
		return p.PerPage
	}
	return w.perPage
}

// page reads one page, again if it comes short, and takes its rows. Once a page
// of the walk stayed short, no other one is waited for: the walk is lost.
func (l *listing) page(ctx context.Context, w *walk, number int) (Page, error) {
	q := Query{Page: number, PerPage: w.perPage, Captured: widen(l.window)}
	for reread := 0; ; reread++ {
		p, err := l.client.Search(ctx, q)
		if err != nil {
			return p, err
		}
		w.count(p)
		if l.take(w, p); l.stopped {
			return p, nil
		}
		per := size(p, w)
		due := min(per, max(p.TotalItems-(number-1)*per, 0))
		if len(p.Rows) >= due || w.gaps {
			return p, nil
		}
		if reread == maxRereads {
			w.gaps = true
			return p, nil
		}
		why := fmt.Sprintf("list gopro: page %d came with %d of %d rows", number, len(p.Rows), due)
		if err := l.client.pause(ctx, time.Second<<reread, why); err != nil {
			return p, err
		}
	}
}

func (w *walk) count(p Page) {
	if w.pages == 0 {
		w.first = p.TotalItems
	}
	w.grown = w.grown || w.pages > 0 && p.TotalItems > w.total
	w.shrunk = w.shrunk || w.pages > 0 && p.TotalItems < w.total
	w.total = p.TotalItems
	w.pages++
}

// take yields the rows that were not seen before and lie in the window.
func (l *listing) take(w *walk, p Page) {
	for _, row := range p.Rows {
		if row.ID == "" {
			continue
		}
		before := l.seen.see(row.ID, w.number)
		if before == w.number {
			continue
		}
		w.unique++
		if before != 0 || !row.CapturedAt.IsZero() && !l.window.Contains(row.CapturedAt) {
			continue
		}
		if !l.yield(row, nil) {
			l.stopped = true
			return
		}
	}
}

// widen adds the margin to the ends that are not open.
func widen(w media.Window) media.Window {
	if !w.Start.IsZero() {
		w.Start = w.Start.Add(-captureMargin)
	}
	if !w.End.IsZero() {
		w.End = w.End.Add(captureMargin)
	}
	return w
}

// pause waits, and says so.
func (c *Client) pause(ctx context.Context, d time.Duration, why string) error {
	if d > time.Second {
		c.onWait(media.Wait{Reason: why, Until: time.Now().Add(d).UTC()})
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
