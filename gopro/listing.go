package gopro

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

const (
	// Large pages are the ones that come short, so that walks after the first
	// take small ones.
	firstPerPage = 100
	laterPerPage = 50
	// mostConfirming is the most rows of a page of the walk that confirms two
	// alike: its pages end elsewhere.
	mostConfirming = 37

	maxWalks   = 3
	maxRereads = 3 // of one short page
	// maxPages stops a cloud that never comes to an end.
	maxPages = 1 << 20

	// captureMargin is what is asked for beyond the window, since it is unknown
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
// missing before; then the sequence ends with a fault of class Session of
// fault.ListingIncomplete.
//
// A count that is too high for ever proves nothing either. It is taken for that,
// and said in the log, if three walks list the same media to the end without a
// gap, by pages of different lengths and in both orders that there are.
func (c *Client) Media(ctx context.Context, w media.Window) iter.Seq2[Row, error] {
	return c.rows(ctx, station.ListOptions{Window: w})
}

// rows is Media as the options say.
func (c *Client) rows(ctx context.Context, o station.ListOptions) iter.Seq2[Row, error] {
	notice := o.Notice
	if notice == nil {
		notice = func(text string) { c.log.WarnContext(ctx, text) }
	}
	return func(yield func(Row, error) bool) {
		l := &listing{client: c, window: o.Window, describe: o.Describe, seen: newIDSet(), yield: yield, notice: notice}
		if err := l.run(ctx); err != nil && !l.stopped {
			yield(Row{}, err)
		}
	}
}

// listing is one run over the library.
type listing struct {
	client   *Client
	window   media.Window
	describe bool // rows hold their records
	yield    func(Row, error) bool
	notice   func(string)
	stopped  bool   // by the consumer
	seen     *idSet // ids of media
}

// walk is one pass over all pages.
type walk struct {
	number  uint8
	query   Query // of every page but for its number
	unique  int   // different media seen in this walk
	rows    int   // on its pages as they were at last
	first   int   // total_items at its first page
	total   int   // and at the last one read
	pages   int   // read so far
	grown   bool  // total_items went up in between
	shrunk  bool  // it went down
	gaps    bool  // a page stayed short
	ended   bool  // a page was not full
	resumed bool  // and one after it was not empty
}

// exact reports whether the walk saw all there is: what is counted, or more while
// the count stands still.
func (w *walk) exact() bool {
	return !w.shrunk && (w.unique == w.total || !w.grown && w.unique > w.total)
}

// covers reports whether the walk saw all there was when it began: while nothing
// is removed, new uploads only push rows to pages yet to be read.
func (w *walk) covers() bool { return !w.shrunk && w.unique >= w.first }

// even reports whether the walk came to an end of the rows, all pages before it
// being full of different media, while the count stood still.
func (w *walk) even() bool {
	return w.unique > 0 && w.unique == w.rows && !w.resumed && !w.grown && !w.shrunk
}

// alike reports whether two walks found the same number of media, and counts.
func (w *walk) alike(other *walk) bool { return w.unique == other.unique && w.total == other.total }

// next is the walk after some that did not add up. If they agree, one that looks
// from another side will show rows that only they lack.
func (l *listing) next(walks []*walk) *walk {
	w := &walk{number: uint8(len(walks) + 1), query: Query{PerPage: laterPerPage, Captured: widen(l.window), Describe: l.describe}}
	switch {
	case len(walks) == 0:
		w.query.PerPage = firstPerPage
	case len(walks) == maxWalks-1 && l.agree(walks):
		w.query.PerPage = min(max(walks[0].unique/3, 1), mostConfirming)
		w.query.ByCapture = true
	}
	return w
}

// agree reports whether all walks found the same media, to an even end.
func (l *listing) agree(walks []*walk) bool {
	for _, w := range walks {
		if !w.even() || !w.alike(walks[0]) || w.unique != l.seen.count {
			return false
		}
	}
	return true
}

func (l *listing) run(ctx context.Context) error {
	covered, changed, total := false, false, 0
	var walks []*walk
	for len(walks) < maxWalks {
		w := l.next(walks)
		if walks = append(walks, w); w.number > 1 {
			if err := l.client.pause(ctx, time.Duration(w.number)*time.Second, "list gopro again: the last listing did not add up"); err != nil {
				return err
			}
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
	last := walks[len(walks)-1]
	if l.agree(walks) && last.unique < last.total {
		switch bare, err := l.bareEnd(ctx, last); {
		case err != nil:
			return err
		case !bare:
			return l.incomplete(last)
		}
		l.notice(fmt.Sprintf("GoPro counts %d media and lists %d, the same ones in %d listings of different pages and orders: "+
			"it counts %d that it does not have to show; everything that it lists was taken", last.total, last.unique, maxWalks, last.total-last.unique))
		return nil
	}
	return l.incomplete(last)
}

// maxProbes is how many pages at most are read where rows are counted and none
// was listed.
const maxProbes = 50

// bareEnd reports whether nothing lies where the count says that there is more.
// A row that is left out of its page leaves those after it in their places, some
// of them there.
func (l *listing) bareEnd(ctx context.Context, w *walk) (bool, error) {
	q := Query{PerPage: (w.total-w.unique-1)/maxProbes + 1, Captured: w.query.Captured}
	for q.Page = w.unique/q.PerPage + 1; (q.Page-1)*q.PerPage < w.total; q.Page++ {
		p, err := l.client.Search(ctx, q)
		if err != nil {
			return false, err
		}
		if len(p.Rows) > max(w.unique-(q.Page-1)*q.PerPage, 0) || p.TotalItems != w.total {
			return false, nil
		}
	}
	return true, nil
}

func (l *listing) incomplete(last *walk) error {
	return &fault.Error{
		Class: fault.Session,
		Code:  fault.ListingIncomplete,
		Op:    fmt.Sprintf("list gopro: %s", l.window),
		Err: fmt.Errorf("the cloud counts %d media and listed %d in the last of %d walks (%d in all, margins of the window included)",
			last.total, last.unique, maxWalks, l.seen.count),
		Hint: "run the same command again later: GoPro's listing comes short at times, and changes while something is uploaded or deleted",
	}
}

func (l *listing) walk(ctx context.Context, w *walk) error {
	for page := 1; page <= maxPages; page++ {
		before := w.unique
		p, err := l.page(ctx, w, page)
		if err != nil || l.stopped {
			return err
		}
		w.close(p)
		if counted := page*size(p, w) >= p.TotalItems; counted && (w.ended || w.unique == before) {
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
	return w.query.PerPage
}

// close takes note of a page as it was at last.
func (w *walk) close(p Page) {
	w.rows += len(p.Rows)
	w.resumed = w.resumed || w.ended && len(p.Rows) > 0
	w.ended = w.ended || len(p.Rows) < size(p, w)
}

// page reads one page, again if it comes short, and takes its rows. Once a page
// of the walk stayed short, no other one is waited for: the walk is lost.
func (l *listing) page(ctx context.Context, w *walk, number int) (Page, error) {
	q := w.query
	q.Page = number
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
		c.onWait(fault.Wait{Reason: why, Until: time.Now().Add(d).UTC()})
	}
	return retry.Sleep(ctx, d)
}
