package route

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
)

// Entry is one request as the log remembers it. It holds no credential: of the
// token only how it was presented, of signed queries only the harmless part.
type Entry struct {
	Time    time.Time // emulated, when the request came
	Route   string    // "" for what no route answers
	Method  string
	Host    string
	Path    string
	Query   string            // secrets replaced by "…"
	Headers map[string]string // Range and the like
	Auth    string            // "bearer", "cookie", "query" or their list
	Leak    bool              // a credential went where none belongs
	Status  int               // 0: dropped without an answer
	In      int64             // bytes of the request body that were read
	Out     int64             // bytes of the response body
	Fault   fault.Kind        // the injected fault, if one hit
}

// TokenCookie is the cookie that carries the GoPro token.
const TokenCookie = "gp_access_token"

func newEntry(route string, r *http.Request, now time.Time) Entry {
	return Entry{
		Time: now, Route: route, Method: r.Method, Host: r.Host, Path: r.URL.Path,
		Query: safeQuery(r.URL.Query()), Headers: notedHeaders(r.Header), Auth: Presented(r),
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

// Presented names the ways in which a request carries a credential.
func Presented(r *http.Request) string {
	var ways []string
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		scheme, _, _ := strings.Cut(authorization, " ")
		ways = append(ways, strings.ToLower(scheme))
	}
	if _, err := r.Cookie(TokenCookie); err == nil {
		ways = append(ways, "cookie")
	}
	if r.URL.Query().Has("access_token") {
		ways = append(ways, "query")
	}
	return strings.Join(ways, ",")
}
