package gphotos

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// MaxBatch is the most items that one call creates, reads or files.
const MaxBatch = 50

const (
	mediaPageSize = 100
	albumPageSize = 50
)

// Get returns a media item. An id that is unknown, or not visible to the app,
// is a fault of class Item with code fault.Gone.
func (c *Client) Get(ctx context.Context, id string) (MediaItem, error) {
	r, err := fetch[MediaItem](ctx, c, call{
		op: "get media item", method: http.MethodGet, path: "/v1/mediaItems/" + url.PathEscape(id),
	})
	if e, ok := statusOf(err); ok && fault.CodeOf(err) == fault.Rejected {
		f := &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: "get media item", Err: e}
		if e.HTTP == http.StatusBadRequest {
			f.Class, f.Code = fault.Item, fault.Gone // malformed id
		}
		return MediaItem{}, f
	}
	if err == nil && r.value.ID == "" {
		return MediaItem{}, protocolFault("get media item", "answer without an item")
	}
	return r.value, err
}

// BatchGet returns at most MaxBatch media items in the order of ids; nil stands
// for one that is not there. Results belong to ids by the item in them. Ids of
// which the answer does not say whether they are there are asked for one by one,
// all of them if the service fails on all because of one.
func (c *Client) BatchGet(ctx context.Context, ids []string) ([]*MediaItem, error) {
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	r, err := fetch[batchGetResponse](ctx, c, call{
		op: "get media items", method: http.MethodGet, path: "/v1/mediaItems:batchGet",
		query: url.Values{"mediaItemIds": ids},
		once:  blamesAnID,
	})
	if err != nil && !blamesAnID(err) {
		return nil, err
	}
	items, clear := r.value.inOrder(ids)
	if clear {
		return items, nil
	}
	return items, c.getEach(ctx, ids, items)
}

// blamesAnID reports whether a batch may have failed for one of its ids: the
// service answers that with 400, but also with 500.
func blamesAnID(err error) bool {
	e, ok := statusOf(err)
	return ok && (e.HTTP == http.StatusInternalServerError || fault.ClassOf(err) == fault.Item)
}

// inOrder returns one item per id, nil where there is none. It is clear where
// there is none if that many results say so: they do not say of which id.
func (r batchGetResponse) inOrder(ids []string) (items []*MediaItem, clear bool) {
	items = make([]*MediaItem, len(ids))
	found, unknown := 0, 0
	for _, res := range r.Results {
		switch {
		case res.Status.Code == codeInvalidArgument, res.Status.Code == codeNotFound:
			unknown++
		case res.Status.Code != codeOK || res.Item == nil:
		default:
			if i := slices.Index(ids, res.Item.ID); i >= 0 && items[i] == nil {
				items[i] = res.Item
				found++
			}
		}
	}
	return items, found+unknown == len(ids)
}

// getEach asks for the items that are nil, and leaves those nil that are not
// there.
func (c *Client) getEach(ctx context.Context, ids []string, items []*MediaItem) error {
	for i, id := range ids {
		if items[i] != nil {
			continue
		}
		item, err := c.Get(ctx, id)
		switch {
		case err == nil:
			items[i] = &item
		case fault.CodeOf(err) != fault.Gone:
			return err
		}
	}
	return nil
}

// Update changes the description of a media item that the app created.
func (c *Client) Update(ctx context.Context, id, description string) (MediaItem, error) {
	r, err := fetch[MediaItem](ctx, c, call{
		op: "describe media item", method: http.MethodPatch, path: "/v1/mediaItems/" + url.PathEscape(id),
		query: url.Values{"updateMask": {"description"}},
		in:    map[string]string{"description": description},
		write: true,
	})
	return r.value, err
}

// List lists the media items that the app created, newest first. It yields an
// error once, at the end, if the listing fails.
func (c *Client) List(ctx context.Context) iter.Seq2[MediaItem, error] {
	return pages(func(token string) ([]MediaItem, string, error) {
		r, err := fetch[page](ctx, c, call{
			op: "list media items", method: http.MethodGet, path: "/v1/mediaItems", query: pageQuery(mediaPageSize, token),
		})
		return r.value.MediaItems, r.value.Next, err
	}, func(m MediaItem) string { return m.ID })
}

// Query selects media items: those of an album, or those captured on the days
// from First to Last. The service takes one or the other.
type Query struct {
	AlbumID     string
	First, Last time.Time // whole days; both or none
}

// Search lists the media items that q selects. It yields an error once, at the
// end, if the listing fails.
func (c *Client) Search(ctx context.Context, q Query) iter.Seq2[MediaItem, error] {
	return pages(func(token string) ([]MediaItem, string, error) {
		r, err := fetch[page](ctx, c, call{
			op: "search media items", method: http.MethodPost, path: "/v1/mediaItems:search", in: q.body(token),
		})
		return r.value.MediaItems, r.value.Next, err
	}, func(m MediaItem) string { return m.ID })
}

func (q Query) body(token string) map[string]any {
	b := map[string]any{"pageSize": mediaPageSize}
	if token != "" {
		b["pageToken"] = token
	}
	if q.AlbumID != "" {
		b["albumId"] = q.AlbumID
	}
	if !q.First.IsZero() && !q.Last.IsZero() {
		days := map[string]any{"startDate": day(q.First), "endDate": day(q.Last)}
		b["filters"] = map[string]any{"dateFilter": map[string]any{"ranges": []any{days}}}
	}
	return b
}

func day(t time.Time) map[string]int {
	y, m, d := t.UTC().Date()
	return map[string]int{"year": y, "month": int(m), "day": d}
}

// checkIDs returns an error for a list of ids that the service would refuse.
func checkIDs(ids []string) error {
	if len(ids) == 0 || len(ids) > MaxBatch {
		return fmt.Errorf("%d ids, want 1 to %d", len(ids), MaxBatch)
	}
	sorted := slices.Sorted(slices.Values(ids))
	if len(slices.Compact(sorted)) != len(ids) || slices.Contains(ids, "") {
		return errors.New("ids are empty or repeated")
	}
	return nil
}

func pageQuery(size int, token string) url.Values {
	q := url.Values{"pageSize": {strconv.Itoa(size)}}
	if token != "" {
		q.Set("pageToken", token)
	}
	return q
}

// maxRepeats is how often in a row a listing may answer with the token that it
// was asked with.
const maxRepeats = 3

// pages walks a listing. Only a missing token ends it: pages may be short or
// empty, and the last entry of one may be repeated as the first of the next. A
// page that leads to itself is not the one that was asked for; it is read again.
func pages[T any](next func(token string) ([]T, string, error), id func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		token, last, repeats := "", "", 0
		var seen circle
		for {
			entries, following, err := next(token)
			if following != "" && following == token {
				if repeats++; repeats <= maxRepeats {
					continue
				}
				err = errRepeats
			}
			if err == nil && following != "" && seen.closedBy(following) {
				err = errRepeats
			}
			if err != nil {
				yield(zero, err)
				return
			}
			repeats = 0
			for _, e := range entries {
				if id(e) != "" && id(e) == last {
					continue
				}
				last = id(e)
				if !yield(e, nil) {
					return
				}
			}
			if following == "" {
				return
			}
			token = following
		}
	}
}

var errRepeats = &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete,
	Op: "list Google Photos", Err: errors.New("the service repeats its pages for ever")}

// circle finds out whether pages lead round in a circle, by Brent's method: it
// keeps one page, a later one each time twice as many have come.
type circle struct {
	mark         string
	steps, power int
}

func (c *circle) closedBy(token string) bool {
	if token == c.mark {
		return true
	}
	if c.steps++; c.steps > c.power {
		c.mark, c.steps, c.power = token, 0, 2*c.power+1
	}
	return false
}

func protocolFault(op, what string) *fault.Error {
	return &fault.Error{Class: fault.Transient, Code: fault.Protocol, Op: op, Err: errors.New(what)}
}
