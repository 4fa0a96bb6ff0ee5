package gopro

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// Query asks for one page of the library, newest first.
type Query struct {
	Page    int // from 1
	PerPage int // rows; the cloud takes at most 200
	// Captured is the span of capture times; the zero Window is everything.
	Captured media.Window
	// ByCapture orders by time of capture instead of upload.
	ByCapture bool
	// Describe asks for what describes the media beyond what a [Row] has.
	Describe bool
}

// rangeTime is the one form of a time in a range that is known to be understood;
// a malformed one is answered 500.
const rangeTime = "2006-01-02T15:04:05.000Z"

// values writes the query as the API wants it.
func (q Query) values() url.Values {
	v := url.Values{
		"page":     {strconv.Itoa(max(q.Page, 1))},
		"per_page": {strconv.Itoa(max(q.PerPage, 1))},
		"order_by": {"created_at"},
		"fields":   {rowFields},
	}
	if q.Describe {
		v.Set("fields", rowFields+","+describedFields)
	}
	if q.ByCapture {
		v.Set("order_by", "captured_at")
	}
	if !q.Captured.IsZero() {
		first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
		last := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
		start, end := first, last
		if s := q.Captured.Start; s.After(first) {
			start = s.UTC()
		}
		if e := q.Captured.End; !e.IsZero() && e.Before(last) {
			end = e.UTC()
		}
		v.Set("captured_range", start.Format(rangeTime)+","+end.Format(rangeTime))
	}
	return v
}

// Search returns one page of the library. A page may hold fewer rows than it
// should: see [Client.Media].
func (c *Client) Search(ctx context.Context, q Query) (Page, error) {
	cl := call{op: fmt.Sprintf("list gopro: page %d", q.Page), path: "media/search", query: q.values()}
	return get(ctx, c, cl, func(a answer) (Page, error) { return decodePage(a.body, q.Describe) })
}

// Medium returns the record of one medium, or a fault with fault.Gone.
func (c *Client) Medium(ctx context.Context, id string) (Row, error) {
	return c.medium(ctx, id, "")
}

// medium is Medium with some members alone and the record, or with all members and
// without it.
func (c *Client) medium(ctx context.Context, id, fields string) (Row, error) {
	cl := call{op: "look up GoPro medium " + id, path: mediumPath(id), item: true}
	if fields != "" {
		cl.query = url.Values{"fields": {fields}}
	}
	return get(ctx, c, cl, func(a answer) (row Row, err error) {
		if json.Valid(a.body) {
			row = decodeRow(a.body, fields != "")
		}
		if row.ID != id {
			return Row{}, errors.New("the answer is not the record that was asked for")
		}
		return row, nil
	})
}

// Manifest returns where the bytes of one medium are, with freshly signed
// addresses, or a fault with fault.Gone.
func (c *Client) Manifest(ctx context.Context, id string) (Manifest, error) {
	return c.manifest(ctx, id, 0)
}

func (c *Client) manifest(ctx context.Context, id string, attempts int) (Manifest, error) {
	cl := call{op: "resolve GoPro medium " + id, path: mediumPath(id) + "/download", item: true, attempts: attempts, limit: maxManifest}
	return get(ctx, c, cl, func(a answer) (Manifest, error) {
		m, err := decodeManifest(a.body)
		m.served = a.date
		return m, err
	})
}

func mediumPath(id string) string { return "media/" + url.PathEscape(id) }

// Account is what the cloud says about the user.
type Account struct {
	ID    string // UUID
	Items int    // media stored
	Bytes int64  // that they take there
}

// User returns the account. It is the check of a token: a rejected one gives a
// fault with fault.Auth.
func (c *Client) User(ctx context.Context) (Account, error) {
	return get(ctx, c, accountCall, func(a answer) (Account, error) {
		o := decoded(a.body)
		if o == nil {
			return Account{}, errors.New("the answer is not the record of an account")
		}
		bytes, _ := o.whole("total_storage")
		return Account{ID: o.text("id"), Items: o.count("total_count"), Bytes: bytes}, nil
	})
}

// Thumbnail returns a picture of a medium, at most 450 pixels wide, and its MIME
// type. The token is [Row.ThumbnailToken].
func (c *Client) Thumbnail(ctx context.Context, token string) (picture []byte, mime string, err error) {
	const op = "fetch a GoPro thumbnail"
	if err := checkCharacters(token); err != nil {
		return nil, "", &fault.Error{Class: fault.Item, Code: fault.Gone, Op: op, Err: errors.New("the medium has none")}
	}
	a, err := get(ctx, c, call{op: op, path: "resize/450w/" + url.PathEscape(token), item: true, image: true},
		func(a answer) (answer, error) { return a, nil })
	return a.body, a.mime, err
}
