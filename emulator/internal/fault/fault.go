package fault

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// Kind says what goes wrong. What each kind does is said at the constants of
// package emulator.
type Kind string

// Faults that any route knows.
const (
	Status      Kind = "status"
	HTML        Kind = "html"
	Malformed   Kind = "malformed"
	ResetBefore Kind = "reset-before"
	ResetAfter  Kind = "reset-after"
	CutResponse Kind = "cut-response"
	CutRequest  Kind = "cut-request"
	Stall       Kind = "stall"
	Slow        Kind = "slow"
	Truncate    Kind = "truncate"
	WrongLength Kind = "wrong-length"
)

// Faults that only some routes know: their handlers make them.
const (
	IgnoreRange     Kind = "ignore-range"
	Changed         Kind = "changed"
	Encoded         Kind = "encoded"
	Expired         Kind = "expired"
	ShortPage       Kind = "short-page"
	Empty           Kind = "empty"
	RepeatPage      Kind = "repeat-page"
	Reorder         Kind = "reorder"
	InsertRows      Kind = "insert-rows"
	RemoveRows      Kind = "remove-rows"
	LoseSession     Kind = "lose-session"
	LoseToken       Kind = "lose-token"
	NoStatus        Kind = "no-status"
	ItemCode        Kind = "item-code"
	QuotaDaily      Kind = "quota-daily"
	QuotaMinute     Kind = "quota-minute"
	QuotaConcurrent Kind = "quota-concurrent"
	StorageFull     Kind = "storage-full"
	Revoke          Kind = "revoke"
)

// Fault makes a call go wrong. Its fields are described at Fault of package
// emulator.
type Fault struct {
	Route, Path string // path.Match patterns; "" fits all
	Call, Times int
	Kind        Kind

	Status      int
	Body        string
	ContentType string
	Header      map[string]string
	RetryAfter  string
	After       int64 // bytes
	Count       int   // rows
	Item        int
	Delay       time.Duration
}

// Check returns an error for a kind or a pattern that cannot be.
func (f Fault) Check() error {
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

func (k Kind) known() bool {
	switch k {
	case Status, HTML, Malformed, ResetBefore, ResetAfter, CutResponse,
		CutRequest, Stall, Slow, Truncate, WrongLength:
		return true
	}
	return k.Special()
}

// Special reports whether the handler, not the wrapper, makes the fault.
func (k Kind) Special() bool {
	switch k {
	case IgnoreRange, Changed, Encoded, Expired, ShortPage, Empty, RepeatPage, Reorder,
		InsertRows, RemoveRows, LoseSession, LoseToken, NoStatus, ItemCode, QuotaDaily,
		QuotaMinute, QuotaConcurrent, StorageFull, Revoke:
		return true
	}
	return false
}

// Queue holds the faults that wait for their calls. It is safe for concurrent
// use.
type Queue struct {
	mu      sync.Mutex
	waiting []*waitingFault // guarded by mu
}

type waitingFault struct {
	fault Fault
	calls int // seen since it was added
	hits  int
}

// Add lets a valid fault wait for its calls. When several wait for the same call,
// the one added first hits it and the others wait for the next one.
func (q *Queue) Add(f Fault) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, &waitingFault{fault: f})
}

// Clear takes back all faults.
func (q *Queue) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = nil
}

// Waiting returns how many faults have not yet hit all of their calls.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Take counts one call of a route at a path and returns the fault that hits it,
// or nil.
func (q *Queue) Take(route, path string) *Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	var hit *waitingFault
	for _, w := range q.waiting {
		if !Matches(w.fault.Route, route) || !Matches(w.fault.Path, path) {
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
		q.drop(hit)
	}
	f := hit.fault
	return &f
}

func (q *Queue) drop(spent *waitingFault) {
	kept := q.waiting[:0]
	for _, w := range q.waiting {
		if w != spent {
			kept = append(kept, w)
		}
	}
	clear(q.waiting[len(kept):])
	q.waiting = kept
}

type faultKey struct{}

// With returns the request of a call that a fault of a special kind hits.
func With(r *http.Request, f *Fault) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), faultKey{}, f))
}

// Of returns the service-specific fault that hits this request if it is of
// one of the kinds (any, if none are named), or nil.
func Of(r *http.Request, kinds ...Kind) *Fault {
	f, _ := r.Context().Value(faultKey{}).(*Fault)
	if f == nil || len(kinds) > 0 && !slices.Contains(kinds, f.Kind) {
		return nil
	}
	return f
}

// Matches reports whether a path.Match pattern fits a name; "" fits all.
func Matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
