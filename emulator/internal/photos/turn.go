package photos

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
)

// signer makes texts that clients can hand back but not forge.
type signer struct{ secret [32]byte }

func newSigner() signer {
	var s signer
	_, _ = rand.Read(s.secret[:]) // never fails
	return s
}

func (s signer) mac(purpose, text string) string {
	m := hmac.New(sha256.New, s.secret[:])
	m.Write([]byte(purpose + "\x00" + text))
	return string(m.Sum(nil)[:16])
}

// seal hides nothing, but what it returns is only opened for the same purpose.
func (s signer) seal(purpose, text string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(s.mac(purpose, text) + text))
}

func (s signer) open(purpose, sealed string) (text string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < 16 {
		return "", false
	}
	text = string(raw[16:])
	return text, hmac.Equal(raw[:16], []byte(s.mac(purpose, text)))
}

// pageQuery asks for one page of a list. A page token belongs to one list.
type pageQuery struct {
	size      int
	token     string
	list      string
	ascending bool
	fault     *fault.Fault
}

func pageQueryOf(r *http.Request, usual, most int, list string) (pageQuery, error) {
	size := 0
	if text := r.URL.Query().Get("pageSize"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return pageQuery{}, google.Invalidf("Invalid value at 'page_size' (TYPE_INT32), %q", text)
		}
		size = int(n)
	}
	return newPageQuery(r, size, r.URL.Query().Get("pageToken"), usual, most, list)
}

func newPageQuery(r *http.Request, size int, token string, usual, most int, list string) (pageQuery, error) {
	switch {
	case size == 0:
		size = usual
	case size < 0 || size > most:
		return pageQuery{}, google.Invalidf("Page size must be between 1 and %d.", most)
	}
	return pageQuery{
		size: size, token: token, list: list,
		fault: fault.Of(r, fault.ShortPage, fault.RepeatPage, fault.Reorder),
	}, nil
}

// keyed rows sort by their keys, the greatest first unless ascending is asked.
type keyed interface{ key() string }

// place is what a page token says: the last row that was handed out, and the row
// before the page that ended with it.
type place struct {
	after, before string
	empty         bool // an empty page comes first
}

func (p place) String() string {
	return strings.Join([]string{p.after, p.before, strconv.FormatBool(p.empty)}, "|")
}

func parsePlace(text string) (p place, ok bool) {
	parts := strings.Split(text, "|")
	if len(parts) != 3 {
		return place{}, false
	}
	return place{after: parts[0], before: parts[1], empty: parts[2] == "true"}, true
}

// turn returns one page of rows and the token of the next, which is empty after
// the last.
func turn[R keyed](g *Service, rows []R, q pageQuery) (page []R, next string, err error) {
	at, err := g.placeOf(q)
	if err != nil {
		return nil, "", err
	}
	if at.empty {
		at.empty = false
		return nil, g.signer.seal(q.list, at.String()), nil
	}
	if q.hit(fault.RepeatPage) && q.token != "" {
		start := firstAfter(rows, at.before, q.ascending)
		return rows[start:min(start+q.size, len(rows))], q.token, nil
	}
	start, length := firstAfter(rows, at.after, q.ascending), g.pageLength(q)
	if g.opts.RepeatBoundary && start > 0 && length > 1 {
		start--
	}
	page = slices.Clone(rows[start:min(start+length, len(rows))])
	if start+len(page) < len(rows) {
		to := place{after: page[len(page)-1].key(), before: at.after, empty: g.opts.EmptyPage && q.token == ""}
		next = g.signer.seal(q.list, to.String())
	}
	if q.hit(fault.Reorder) {
		slices.Reverse(page)
	}
	return page, next, nil
}

func (g *Service) placeOf(q pageQuery) (place, error) {
	if q.token == "" {
		return place{}, nil
	}
	if text, ok := g.signer.open(q.list, q.token); ok {
		if at, ok := parsePlace(text); ok {
			return at, nil
		}
	}
	return place{}, google.Invalidf("Request contains an invalid page token.")
}

func (q pageQuery) hit(k fault.Kind) bool { return q.fault != nil && q.fault.Kind == k }

func (g *Service) pageLength(q pageQuery) int {
	length := q.size
	if g.opts.ShortPages {
		length = max(1, length/2)
	}
	if q.hit(fault.ShortPage) {
		short := q.fault.Count
		if short == 0 {
			short = 12
		}
		length = min(length, short)
	}
	return length
}

// firstAfter is the index of the first row beyond the one with a key, which may
// be gone by now.
func firstAfter[R keyed](rows []R, key string, ascending bool) int {
	if key == "" {
		return 0
	}
	return sort.Search(len(rows), func(i int) bool {
		if ascending {
			return rows[i].key() > key
		}
		return rows[i].key() < key
	})
}
