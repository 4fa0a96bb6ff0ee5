package emulator

import (
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
)

// logLimit is how many requests the log remembers; the oldest are forgotten
// first. Counts go on.
const logLimit = 100_000

// Entry is one request as the log remembers it. It holds no credential: of the
// token only how it was presented, of signed queries only the harmless part.
type Entry struct {
	Time    time.Time         `json:"time"`  // emulated, when the request came
	Route   string            `json:"route"` // "" for what no route answers
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Query   string            `json:"query,omitempty"`   // secrets replaced by "…"
	Headers map[string]string `json:"headers,omitempty"` // Range and the like
	Auth    string            `json:"auth,omitempty"`    // "bearer", "cookie", "query" or their list
	Leak    bool              `json:"leak,omitempty"`    // a credential went where none belongs
	Status  int               `json:"status"`            // 0: dropped without an answer
	In      int64             `json:"in"`                // bytes of the request body that were read
	Out     int64             `json:"out"`               // bytes of the response body
	Fault   FaultKind         `json:"fault,omitempty"`   // the injected fault, if one hit
}

// Log remembers every request the emulator answered, except those to the
// control host. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	entries []Entry        // guarded by mu; oldest first
	counts  map[string]int // guarded by mu; by route
}

// Entries returns the requests of the routes that match a path.Match pattern
// such as "gopro.*", oldest first; "" matches all. A request enters the log when
// its answer has been given, just before its client can see that: who has read an
// answer to its end, or was dropped, finds the request here.
func (l *Log) Entries(pattern string) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []Entry
	for _, e := range l.entries {
		if fault.Matches(pattern, e.Route) {
			found = append(found, e)
		}
	}
	return found
}

// Count returns how many requests the routes that match a pattern have answered
// since the log was cleared.
func (l *Log) Count(pattern string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for route, count := range l.counts {
		if fault.Matches(pattern, route) {
			n += count
		}
	}
	return n
}

// Leaks returns the remembered requests that carried a credential to a host
// that must not see it.
func (l *Log) Leaks() []Entry {
	var leaks []Entry
	for _, e := range l.Entries("") {
		if e.Leak {
			leaks = append(leaks, e)
		}
	}
	return leaks
}

// Clear forgets everything.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries, l.counts = nil, nil
}

func (l *Log) add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) >= 2*logLimit {
		l.entries = append([]Entry(nil), l.entries[len(l.entries)-logLimit:]...)
	}
	l.entries = append(l.entries, e)
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.counts[e.Route]++
}
