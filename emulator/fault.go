package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// FaultKind says what goes wrong.
type FaultKind string

// Faults that any route knows.
const (
	FaultStatus      FaultKind = "status"       // answer Status and Body instead of doing the work
	FaultHTML        FaultKind = "html"         // answer Status (default 503) with a web page instead of doing the work
	FaultMalformed   FaultKind = "malformed"    // answer 200 with broken JSON instead of doing the work
	FaultResetBefore FaultKind = "reset-before" // reset the connection instead of doing the work
	FaultResetAfter  FaultKind = "reset-after"  // do the work, then reset the connection without an answer
	FaultCutResponse FaultKind = "cut-response" // close the connection after After bytes of the response body
	FaultCutRequest  FaultKind = "cut-request"  // reset the connection after After bytes of the request body
	FaultStall       FaultKind = "stall"        // with After bytes of the body sent, wait Delay, or for ever if 0
	FaultSlow        FaultKind = "slow"         // wait Delay before each After (default 65536) bytes of the response body
	FaultTruncate    FaultKind = "truncate"     // send the first After (default half) bytes of the body, framed as if that were all
	FaultWrongLength FaultKind = "wrong-length" // declare After (default 100) more bytes than are sent
)

// Faults that only some routes know; each handler says how it behaves.
const (
	FaultIgnoreRange     FaultKind = "ignore-range"     // cdn.get: 200 where 206 was asked
	FaultChanged         FaultKind = "changed"          // cdn.get, cdn.head: the object has new bytes, ETag and Last-Modified from now on
	FaultEncoded         FaultKind = "encoded"          // cdn.get: the object comes compressed by gzip, although identity was asked for
	FaultExpired         FaultKind = "expired"          // cdn.*, bytes.get: the signed URL is treated as expired
	FaultShortPage       FaultKind = "short-page"       // listings, photos.batchGet, originals of gopro.download: fewer rows than due (Count, default 12), counters right
	FaultEmpty           FaultKind = "empty"            // gopro.download: nothing is listed, though the row says what there is
	FaultRepeatPage      FaultKind = "repeat-page"      // listings: the page before this one again
	FaultReorder         FaultKind = "reorder"          // listings, photos.batchGet, originals of gopro.download: the rows in another order
	FaultInsertRows      FaultKind = "insert-rows"      // gopro.search: Count (default 1) new media appear before this page
	FaultRemoveRows      FaultKind = "remove-rows"      // gopro.search: Count (default 1) newest media vanish before this page
	FaultLoseSession     FaultKind = "lose-session"     // upload.*: the upload session is forgotten
	FaultLoseToken       FaultKind = "lose-token"       // upload.*: finalized, but the answer with the token is lost
	FaultNoStatus        FaultKind = "no-status"        // upload.*: the work is done, and the answer does not say how the session stands
	FaultItemCode        FaultKind = "item-code"        // photos.batchCreate, photos.batchGet: item Item (from 0) answers code Status, at batchCreate in the words of Body
	FaultQuotaDaily      FaultKind = "quota-daily"      // google: the quota of the day is spent
	FaultQuotaMinute     FaultKind = "quota-minute"     // google: the quota of the minute is spent
	FaultQuotaConcurrent FaultKind = "quota-concurrent" // google: concurrent write request
	FaultStorageFull     FaultKind = "storage-full"     // photos.batchCreate: the account is full
	FaultRevoke          FaultKind = "revoke"           // google.token: the refresh token is revoked
)

// Fault makes a call go wrong. In JSON, Delay is a string such as "2s".
type Fault struct {
	// Route is a path.Match pattern on route names, such as "cdn.get" or
	// "photos.*"; "" is every route.
	Route string `json:"route"`
	// Path is a path.Match pattern on the paths of URLs, such as
	// "/*/*/source/*/2.mp4"; "" is every path.
	Path string `json:"path,omitempty"`
	// Call is the first call that the fault hits, counted from 1 at the moment
	// it was added among the calls of its Route and Path; 0 means the next one.
	Call int `json:"call,omitempty"`
	// Times is how many calls it hits from there on; 0 means once, a negative
	// number means for ever.
	Times int       `json:"times,omitempty"`
	Kind  FaultKind `json:"kind"`

	Status      int               `json:"status,omitempty"`       // HTTP status, or code of the item
	Body        string            `json:"body,omitempty"`         // "": the service's own body for Status
	ContentType string            `json:"content_type,omitempty"` // of Body
	Header      map[string]string `json:"header,omitempty"`       // added to the answer
	RetryAfter  string            `json:"retry_after,omitempty"`  // seconds or an HTTP date
	After       int64             `json:"after,omitempty"`        // bytes
	Count       int               `json:"count,omitempty"`        // rows
	Item        int               `json:"item,omitempty"`         // index within a batch, from 0
	Delay       time.Duration     `json:"-"`                      // of a stall, or before each piece
}

type faultJSON struct {
	*faultFields
	Delay string `json:"delay,omitempty"`
}

type faultFields Fault

// MarshalJSON renders the fault with Delay as a string.
func (f Fault) MarshalJSON() ([]byte, error) {
	fields := faultFields(f)
	out := faultJSON{faultFields: &fields}
	if f.Delay != 0 {
		out.Delay = f.Delay.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a fault with Delay as a string. Unknown members and kinds
// are errors, so that a fault with a typo does not pass for an absent one.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	in.faultFields = (*faultFields)(f)
	if err := decodeStrictly(data, &in); err != nil {
		return err
	}
	if in.Delay != "" {
		delay, err := time.ParseDuration(in.Delay)
		if err != nil {
			return fmt.Errorf("delay: %w", err)
		}
		f.Delay = delay
	}
	return f.check()
}

func (f *Fault) check() error {
	if !f.Kind.known() {
		return fmt.Errorf("unknown kind of fault %q", f.Kind)
	}
	if _, err := path.Match(f.Route, ""); err != nil {
		return fmt.Errorf("route %q: %w", f.Route, err)
	}
	if _, err := path.Match(f.Path, ""); err != nil {
		return fmt.Errorf("path %q: %w", f.Path, err)
	}
	return nil
}

func (k FaultKind) known() bool {
	switch k {
	case FaultStatus, FaultHTML, FaultMalformed, FaultResetBefore, FaultResetAfter, FaultCutResponse,
		FaultCutRequest, FaultStall, FaultSlow, FaultTruncate, FaultWrongLength:
		return true
	}
	return k.special()
}

// special reports whether the handler, not the wrapper, makes the fault.
func (k FaultKind) special() bool {
	switch k {
	case FaultIgnoreRange, FaultChanged, FaultEncoded, FaultExpired, FaultShortPage, FaultEmpty, FaultRepeatPage, FaultReorder,
		FaultInsertRows, FaultRemoveRows, FaultLoseSession, FaultLoseToken, FaultNoStatus, FaultItemCode, FaultQuotaDaily,
		FaultQuotaMinute, FaultQuotaConcurrent, FaultStorageFull, FaultRevoke:
		return true
	}
	return false
}

// Faults holds the faults that wait for their calls. It is safe for concurrent
// use.
type Faults struct {
	mu      sync.Mutex
	waiting []*waitingFault // guarded by mu
}

type waitingFault struct {
	fault Fault
	calls int // seen since it was added
	hits  int
}

// Add lets faults wait for their calls. When several wait for the same call,
// the one added first hits it and the others wait for the next one. It panics on
// a kind or a pattern that cannot be, which is a mistake in the test.
func (fs *Faults) Add(faults ...Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range faults {
		if err := f.check(); err != nil {
			panic("emulator: " + err.Error())
		}
		fs.waiting = append(fs.waiting, &waitingFault{fault: f})
	}
}

// Clear takes back all faults.
func (fs *Faults) Clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.waiting = nil
}

// Waiting returns how many faults have not yet hit all of their calls.
func (fs *Faults) Waiting() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return len(fs.waiting)
}

// take counts one call of a route at a path and returns the fault that hits it,
// or nil.
func (fs *Faults) take(route, path string) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var hit *waitingFault
	for _, w := range fs.waiting {
		if !isLike(w.fault.Route, route) || !isLike(w.fault.Path, path) {
			continue
		}
		w.calls++
		if hit == nil && w.calls >= w.fault.Call {
			hit = w
		}
	}
	if hit == nil {
		return nil
	}
	hit.hits++
	if hit.fault.Times >= 0 && hit.hits >= max(hit.fault.Times, 1) {
		fs.drop(hit)
	}
	f := hit.fault
	return &f
}

func (fs *Faults) drop(spent *waitingFault) {
	kept := fs.waiting[:0]
	for _, w := range fs.waiting {
		if w != spent {
			kept = append(kept, w)
		}
	}
	clear(fs.waiting[len(kept):])
	fs.waiting = kept
}

type faultKey struct{}

func withFault(r *http.Request, f *Fault) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), faultKey{}, f))
}

// faultOf returns the service-specific fault that hits this request if it is of
// one of the kinds (any, if none are named), or nil.
func faultOf(r *http.Request, kinds ...FaultKind) *Fault {
	f, _ := r.Context().Value(faultKey{}).(*Fault)
	if f == nil || len(kinds) > 0 && !slices.Contains(kinds, f.Kind) {
		return nil
	}
	return f
}
