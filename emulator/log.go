package emulator

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
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
		if isLike(pattern, e.Route) {
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
		if isLike(pattern, route) {
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

func isLike(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func newEntry(route string, r *http.Request, now time.Time) Entry {
	return Entry{
		Time: now, Route: route, Method: r.Method, Host: r.Host, Path: r.URL.Path,
		Query: safeQuery(r.URL.Query()), Headers: notedHeaders(r.Header), Auth: presented(r),
	}
}

// safeQuery renders a query without the values that would be credentials.
func safeQuery(query url.Values) string {
	for _, secret := range []string{
		"access_token", "refresh_token", "Signature", "Key-Pair-Id", "upload_id", "token", "code", "code_verifier",
	} {
		if query.Has(secret) {
			query.Set(secret, "…")
		}
	}
	return query.Encode()
}

func notedHeaders(header http.Header) map[string]string {
	noted := map[string]string{}
	for _, name := range []string{
		"Accept", "Content-Type", "Content-Length", "Content-Range", "Range", "If-Range", "User-Agent",
		"X-Goog-Upload-Protocol", "X-Goog-Upload-Command", "X-Goog-Upload-Offset", "X-Goog-Upload-Raw-Size",
		"X-Goog-Upload-Content-Type", "X-Goog-Upload-Header-Content-Length",
	} {
		if value := header.Get(name); value != "" {
			noted[name] = value
		}
	}
	return noted
}

// presented names the ways in which a request carries a credential.
func presented(r *http.Request) string {
	var ways []string
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		scheme, _, _ := strings.Cut(authorization, " ")
		ways = append(ways, strings.ToLower(scheme))
	}
	if _, err := r.Cookie(tokenCookie); err == nil {
		ways = append(ways, "cookie")
	}
	if r.URL.Query().Has("access_token") {
		ways = append(ways, "query")
	}
	return strings.Join(ways, ",")
}
