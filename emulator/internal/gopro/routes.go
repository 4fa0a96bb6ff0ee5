package gopro

import (
	"mime"
	"net/http"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// Routes are the API of the GoPro cloud, its CDN and its thumbnails.
func (c *Cloud) Routes() []route.Route {
	api := func(name, pattern string, serve accountHandler) route.Route {
		return route.Route{Name: name, Role: route.GoPro, Pattern: pattern, Handler: c.guard(serve), Refuse: refuse}
	}
	return []route.Route{
		{Name: "gopro.token", Role: route.GoPro, Pattern: "POST /v1/oauth2/token", Handler: c.grantToken, Refuse: refuse},
		api("gopro.user", "GET /media/user", (*Account).account),
		api("gopro.search", "GET /media/search", (*Account).search),
		api("gopro.notready", "GET /media/filters/not-ready", (*Account).notReady),
		api("gopro.download", "GET /media/{id}/{part}", (*Account).download),
		api("gopro.media", "GET /media/{id}", (*Account).row),
		api("gopro.update", "PUT /media/{id}", (*Account).update),
		api("gopro.update", "PUT /media/{id}/process", (*Account).reprocess),
		api("gopro.delete", "DELETE /media", (*Account).remove),
		api("gopro.delete", "GET /media/deleted", (*Account).trash),
		api("gopro.delete", "POST /media/restore", (*Account).restore),
		api("gopro.albums", "GET /media/items", (*Account).albums),
		api("gopro.albums", "GET /media/items/{id}", (*Account).album),
		{Name: "gopro.zip", Role: route.GoPro, Pattern: "GET /media/x/zip/source", Handler: c.zip, Refuse: refuse},
		api("", "/media/", func(_ *Account, w http.ResponseWriter, r *http.Request) { refuse(w, r, http.StatusNotFound) }),
		{Name: "gopro.thumbnail", Role: route.Images, Pattern: "GET /resize/{size}/{token}", Handler: c.thumbnail, Refuse: refuse},
		{Name: "cdn.get", Role: route.CDN, Pattern: "GET /{user}/{number}/{label}/{position}/{file}", Handler: c.object, Refuse: cdn.Refuse},
		{Name: "cdn.head", Role: route.CDN, Pattern: "HEAD /{user}/{number}/{label}/{position}/{file}", Handler: c.object, Refuse: cdn.Refuse},
	}
}

// accountHandler answers a call of the account that it is made for.
type accountHandler func(g *Account, w http.ResponseWriter, r *http.Request)

// guard makes the checks of every call in their order: content negotiation
// first, then the token, which says whose call it is.
func (c *Cloud) guard(serve accountHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status := negotiate(r.Header.Values("Accept")); status != http.StatusOK {
			refuse(w, r, status)
			return
		}
		g := c.admit(r)
		if g == nil {
			c.unauthorized(w, r)
			return
		}
		serve(g, w, r)
	}
}

// unauthorized answers a token that is not good.
func (c *Cloud) unauthorized(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, c.options.Unauthorized)
}

// negotiate returns 200 if one of the accepted types is a vendor type of version
// 2.0.0, 410 if its version is another, and 406 if there is none.
func negotiate(accept []string) int {
	status := http.StatusNotAcceptable
	for value := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(strings.TrimSpace(value))
		if err != nil || !vendorTypes[kind] {
			continue
		}
		if parameters["version"] == "2.0.0" {
			return http.StatusOK
		}
		status = http.StatusGone
	}
	return status
}

var vendorTypes = map[string]bool{
	"application/vnd.gopro.jk.media+json":        true,
	"application/vnd.gopro.jk.media.search+json": true,
	"application/vnd.gopro.jk.user-uploads+json": true,
	"application/vnd.gopro.jk.collections+json":  true,
}

// refuse answers a status as the API words it.
func refuse(w http.ResponseWriter, _ *http.Request, status int) {
	switch status {
	case http.StatusNotAcceptable, http.StatusGone:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
	case http.StatusUnauthorized:
		refuseWith(w, status, "invalid_request", "The access token is invalid or expired")
	case http.StatusNotFound:
		refuseWith(w, status, "not_found", "")
	case http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		route.Respond(w, status, "text/html", route.ErrorPage)
	default:
		name := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
		refuseWith(w, status, name, "")
	}
}

func refuseWith(w http.ResponseWriter, status int, name, description string) {
	body := map[string]string{"error": name}
	if description != "" {
		body["error_description"] = description
	}
	route.JSON(w, status, body)
}

// account answers who the token belongs to and what the account holds.
func (g *Account) account(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	count, bytes := 0, int64(0)
	for _, s := range g.media {
		if !s.purged {
			count++
			bytes += s.bytes()
		}
	}
	g.mu.Unlock()
	share := func(count int, bytes int64) map[string]any {
		return map[string]any{"total_count": count, "total_storage": bytes}
	}
	route.JSON(w, http.StatusOK, map[string]any{
		"id": g.user, "email": g.username, "total_count": count, "total_storage": bytes,
		"non_exempt_storage_limit": 100_000_000_000, "exempt": share(count, bytes), "non_exempt": share(0, 0),
		"created_at": "2019-03-02T10:00:00Z", "updated_at": "2025-06-01T10:00:00Z",
	})
}
