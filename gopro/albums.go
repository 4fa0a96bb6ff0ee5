package gopro

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// Album is a collection of media that the user made, or the root of the account,
// which holds them all.
type Album struct {
	ID          string
	Title       string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Root        bool // it is the account's own container
}

func albumOf(b []byte) Album {
	o := objectOf(b)
	return Album{
		ID:          o.text("id"),
		Title:       o.text("title"),
		Description: o.text("description"),
		CreatedAt:   o.moment("created_at"),
		UpdatedAt:   o.moment("updated_at"),
		Root:        o.flag("root", false),
	}
}

// Pages of albums are small: each album names all its items.
const (
	albumsPerPage  = 30
	membersPerPage = 100
)

// itemLimits bound an album, which names its items, or the row of a medium.
var itemLimits = jsonlimit.Limits{Elements: maxRows, Bytes: 4 << 20, Values: 100_000}

// Albums streams the account's albums, each once, its root among them. It ends with
// an error, once, if a page cannot be had or albums are missing.
func (c *Client) Albums(ctx context.Context) iter.Seq2[Album, error] {
	return collect(ctx, c, collection[Album]{
		op: "list GoPro albums", query: url.Values{"type": {"collection"}}, perPage: albumsPerPage,
		decode: albumOf, id: func(a Album) string { return a.ID },
	})
}

// AlbumMedia streams the records of the media in an album, each once. It ends with
// an error as Albums does.
func (c *Client) AlbumMedia(ctx context.Context, id string) iter.Seq2[Row, error] {
	return collect(ctx, c, collection[Row]{
		op: "list the GoPro album " + id, query: url.Values{"parent_id": {id}}, perPage: membersPerPage,
		decode: func(b []byte) Row { return rowOf(objectOf(objectOf(b).get("medium"))) },
		id:     func(r Row) string { return r.ID },
	})
}

// collection is a listing of albums, or of what one holds.
type collection[T any] struct {
	op      string
	query   url.Values
	perPage int
	decode  func(valid []byte) T
	id      func(T) string // "" for what is left out
}

// items is a page of a collection.
type items[T any] struct {
	rows  []T
	pages int // in all
	total int // rows of all pages; 0 if the service does not say
}

// maxStale is how many pages in a row may bring nothing new.
const maxStale = 3

// collect streams a collection. It is walked again if it comes short.
func collect[T any](ctx context.Context, c *Client, l collection[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen, left := newIDSet(), false
		take := func(row T) bool {
			left = !yield(row, nil)
			return !left
		}
		for walk := uint8(1); ; walk++ {
			short, err := l.walk(ctx, c, seen, walk, take)
			switch {
			case left || err == nil && !short:
				return
			case err == nil && walk == maxWalks:
				err = l.incomplete()
			case err == nil:
				err = c.pause(ctx, time.Second<<walk, l.op+": some are missing")
			}
			if err != nil {
				yield(none, err)
				return
			}
		}
	}
}

func (l collection[T]) incomplete() error {
	return &fault.Error{
		Class: fault.Session, Code: fault.ListingIncomplete, Op: l.op, Err: errors.New("it lists fewer than it counts"),
		Hint: "run the same command again later: GoPro's listing comes short at times",
	}
}

// walk passes what is new on all pages to take, until that returns false, and
// reports whether fewer were listed than are counted.
func (l collection[T]) walk(ctx context.Context, c *Client, seen *idSet, number uint8, take func(T) bool) (short bool, err error) {
	listed := 0
	for page, stale := 1, 0; ; page++ {
		p, err := l.page(ctx, c, page)
		if err == nil && stale == maxStale {
			err = protocolFault(l.op, errors.New("the service repeats its pages for ever"))
		}
		if err != nil {
			return false, err
		}
		stale++
		for _, row := range p.rows {
			id := l.id(row)
			if id == "" {
				listed++
				continue
			}
			before := seen.see(id, number)
			if before == number {
				continue
			}
			stale, listed = 0, listed+1
			if before == 0 && !take(row) {
				return false, nil
			}
		}
		if len(p.rows) == 0 || page >= p.pages {
			return listed < p.total, nil
		}
	}
}

func (l collection[T]) page(ctx context.Context, c *Client, number int) (items[T], error) {
	query := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(l.perPage)}}
	for key, values := range l.query {
		query[key] = values
	}
	cl := call{op: fmt.Sprintf("%s: page %d", l.op, number), path: "media/items", query: query}
	return get(ctx, c, cl, func(a answer) (items[T], error) { return decodeItems(a.body, l.decode) })
}

// decodeItems returns a page of a collection.
func decodeItems[T any](b []byte, decode func(valid []byte) T) (p items[T], err error) {
	if !json.Valid(b) {
		return p, errors.New("the answer is not the JSON of a listing")
	}
	pages := objectOf(jsonlimit.Member(b, "_pages"))
	p.pages, p.total = pages.count("total_pages"), pages.count("total_items")
	p.rows, err = jsonlimit.List(jsonlimit.Member(b, "items"), itemLimits, decode)
	return p, err
}
