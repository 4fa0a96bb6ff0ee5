package state

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// serverURI matches SCHEME://[USERINFO@]HOSTS[/PATH][?QUERY] and captures the five
// parts as they are written. It is stricter than drivers, which take what follows a
// special character of a password for a host, and ask DNS for it: an @ separates
// user and password from the hosts and occurs once.
var serverURI = regexp.MustCompile(`^(` + schemeText + `)://` +
	`(?:([A-Za-z0-9._~!$&'()*+,;=:%-]*)@)?` +
	`(` + hostText + `(?:,` + hostText + `)*)` +
	`(/[^?@#\s\x00-\x1f\x7f]*)?(?:\?([^@#\s\x00-\x1f\x7f]*))?$`)

const (
	schemeText = `[A-Za-z][A-Za-z0-9+.-]*`
	hostText   = `(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._%-]*)(?::` + portText + `)?`
	portText   = `(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
)

// anyPort is serverURI with ports of any size.
var anyPort = regexp.MustCompile(strings.ReplaceAll(serverURI.String(), portText, `[0-9]*`))

var (
	schemePattern = regexp.MustCompile(`^` + schemeText + `$`)
	badEscape     = regexp.MustCompile(`%(?:$|.$|[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f])`)
)

// uriParts are the parts of a URI of a server, as they are written.
type uriParts struct {
	scheme, userinfo, hosts, path, query string
}

func parseURI(uri string) (p uriParts, ok bool) {
	m := serverURI.FindStringSubmatch(uri)
	if m == nil || badEscape.MatchString(uri) {
		return p, false
	}
	return uriParts{m[1], m[2], m[3], m[4], m[5]}, true
}

// WellFormed reports whether a URI of a server, SCHEME://…, can be taken apart
// without doubt: its user, password and other parts are percent-encoded. What
// is not well-formed must not be looked up or shown, since any part of it may
// belong to a password.
func WellFormed(uri string) bool {
	_, ok := parseURI(uri)
	return ok
}

// whyMalformed says why a URI is not [WellFormed], and quotes nothing of it.
func whyMalformed(uri string) string {
	if anyPort.MatchString(uri) && !badEscape.MatchString(uri) {
		return "its port is not in 0 to 65535"
	}
	return "it is malformed"
}

// pathOf returns what follows the scheme of a URI that names a path. A path
// that may be the rest of a server's URI with a password is none.
func pathOf(uri string) (path string, ok bool) {
	scheme, path, found := strings.Cut(uri, ":")
	at := strings.LastIndexByte(path, '@')
	switch {
	case !found:
		return uri, true
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		return "", false
	case at < 0:
		return path, true
	}
	rooted := path[0] == '/' || path[0] == '.' || path[0] == '~' || path[0] == '\\'
	return path, rooted && schemePattern.MatchString(scheme) && !strings.Contains(path[:at], ":")
}

// Redact returns uri without what may be a credential: user, password and
// query. Of a URI that is not [WellFormed] only the scheme is left.
func Redact(uri string) string {
	if p, ok := parseURI(uri); ok {
		shown := p.scheme + "://"
		if p.userinfo != "" {
			shown += "…@"
		}
		return withoutQuery(shown+p.hosts+p.path, p.query)
	}
	if path, ok := pathOf(uri); ok {
		base, query, _ := strings.Cut(path, "?")
		return withoutQuery(strings.TrimSuffix(uri, path)+base, query)
	}
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case !found || !schemePattern.MatchString(scheme):
		return "…"
	case strings.HasPrefix(rest, "//"):
		return scheme + "://…"
	}
	return scheme + ":…"
}

func withoutQuery(base, query string) string {
	if query != "" {
		base += "?…"
	}
	return base
}

// Credentials returns the parts of uri that are credentials, as written and
// decoded, longest first: user with password, password, and parameters such as
// sslpassword; all behind the scheme if it is not [WellFormed]. What [Redact]
// shows anyway is none.
func Credentials(uri string) []string {
	p, ok := parseURI(uri)
	if !ok {
		if _, isPath := pathOf(uri); isPath {
			return nil
		}
		_, rest, _ := strings.Cut(uri, ":")
		return notShown(uri, []string{uri, strings.TrimLeft(rest, "/")})
	}
	var parts []string
	if user, password, ok := strings.Cut(p.userinfo, ":"); ok && password != user {
		parts = append(parts, p.userinfo, password)
	}
	for parameter := range strings.SplitSeq(p.query, "&") {
		if name, value, _ := strings.Cut(parameter, "="); secretName.MatchString(name) {
			parts = append(parts, value)
		}
	}
	return notShown(uri, parts)
}

// hidden returns what must not be read in an error: the credentials of uri, and
// its query as a whole.
func hidden(uri string) []string {
	_, query, _ := strings.Cut(uri, "?")
	return notShown(uri, append(Credentials(uri), query))
}

// notShown returns parts of uri, as written and decoded, longest first, without
// those that stand in the redacted URI too.
func notShown(uri string, parts []string) []string {
	for _, s := range slices.Clone(parts) {
		if plain, err := url.PathUnescape(s); err == nil {
			parts = append(parts, plain)
		}
	}
	shown := Redact(uri)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" || strings.Contains(shown, s) })
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(parts)
}

// secretName is what parameters are called whose values are credentials.
var secretName = regexp.MustCompile(`(?i)password|passwd|secret|token|mechanismproperties`)
