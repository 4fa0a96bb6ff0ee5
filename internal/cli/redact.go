package cli

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"

	"github.com/gondola-sync/gondola/internal/printable"
)

// secretShapes are what credentials of the services look like, and where they
// stand. Each has one group: what may stay.
var secretShapes = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(\b[a-z][a-z0-9+.-]*://)[^\s"'…]*@`, // who a URL is asked as, a proxy's too
	`(https?://[^\s"'?#]+\?)[^\s"']+`,    // the query of any URL
	`(\b\w*password=)[^&\s"']+`,          // a database's parameter
	`(\bgp_access_token=)[^;\s"']+`,      // GoPro's cookie
	`(\bauthorization["']?[:=]\s*["']?(?:bearer\s+)?)[^\s"']+`,
	`(\bbearer\s+)[\w.~+/-]{12,}`,
	`(\b(?:access_token|refresh_token|client_secret|upload_?token)["']?[:=]\s*["']?)[^\s"'&,}]+`,
	`(\bya29\.)[\w.-]+`,             // Google access tokens
	`(\b1//0)[\w-]+`,                // Google refresh tokens
	`(\bGOCSPX-)[\w-]+`,             // Google client secrets
	`(\beyJ)[\w-]{8,}(?:\.[\w-]*)+`, // GoPro tokens and other JWTs
}, "|"))

// userOnly is the beginning of a database's URI without a password, or of any
// URI that shows how to write one. Elsewhere, a user's name may be a token.
var userOnly = regexp.MustCompile(`^(?:(?:postgres|postgresql|mongodb|mongodb\+srv)://[^:]*|\w+://USER:PASSWORD)@$`)

// redactor is the last defence against secrets in output: code that has a
// secret keeps it out of errors and logs in the first place.
type redactor struct {
	mu    sync.RWMutex
	known []string
}

// learn makes the redactor recognise this very secret.
func (r *redactor) learn(secret string) {
	if len(secret) < 6 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = append(r.known, secret)
}

// clean returns s without secrets.
func (r *redactor) clean(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, secret := range r.known {
		s = strings.ReplaceAll(s, secret, "[redacted]")
	}
	return secretShapes.ReplaceAllStringFunc(s, func(match string) string {
		if userOnly.MatchString(match) {
			return match
		}
		groups := secretShapes.FindStringSubmatch(match)
		return strings.Join(groups[1:], "") + "[redacted]"
	})
}

// attr takes secrets and unprintable characters out of an attribute of a log
// record; it fits slog's ReplaceAttr.
func (r *redactor) attr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, printable.Text(r.clean(a.Value.String())))
	case slog.KindAny:
		if _, isLevel := a.Value.Any().(slog.Level); isLevel {
			return a
		}
		text := fmt.Sprint(a.Value.Any())
		if cleaned := printable.Text(r.clean(text)); cleaned != text {
			return slog.String(a.Key, cleaned)
		}
	}
	return a
}
