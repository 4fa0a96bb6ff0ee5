package emulator

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// goproRoutes are the API of the GoPro cloud, its CDN and its thumbnails.
func (e *Emulator) goproRoutes() []route.Route {
	api := func(name, pattern string, serve accountHandler) route.Route {
		return route.Route{Name: name, Role: route.GoPro, Pattern: pattern, Handler: e.guard(serve), Refuse: refuseGoPro}
	}
	return []route.Route{
		{Name: "gopro.token", Role: route.GoPro, Pattern: "POST /v1/oauth2/token", Handler: e.grantGoPro, Refuse: refuseGoPro},
		api("gopro.user", "GET /media/user", (*GoPro).account),
		api("gopro.search", "GET /media/search", (*GoPro).search),
		api("gopro.notready", "GET /media/filters/not-ready", (*GoPro).notReady),
		api("gopro.download", "GET /media/{id}/{part}", (*GoPro).download),
		api("gopro.media", "GET /media/{id}", (*GoPro).row),
		api("gopro.update", "PUT /media/{id}", (*GoPro).update),
		api("gopro.update", "PUT /media/{id}/process", (*GoPro).reprocess),
		api("gopro.delete", "DELETE /media", (*GoPro).remove),
		api("gopro.delete", "GET /media/deleted", (*GoPro).trash),
		api("gopro.delete", "POST /media/restore", (*GoPro).restore),
		api("gopro.albums", "GET /media/items", (*GoPro).albums),
		api("gopro.albums", "GET /media/items/{id}", (*GoPro).album),
		{Name: "gopro.zip", Role: route.GoPro, Pattern: "GET /media/x/zip/source", Handler: e.zip, Refuse: refuseGoPro},
		api("", "/media/", func(_ *GoPro, w http.ResponseWriter, r *http.Request) { refuseGoPro(w, r, http.StatusNotFound) }),
		{Name: "gopro.thumbnail", Role: route.Images, Pattern: "GET /resize/{size}/{token}", Handler: e.thumbnail, Refuse: refuseGoPro},
		{Name: "cdn.get", Role: route.CDN, Pattern: "GET /{user}/{number}/{label}/{position}/{file}", Handler: e.object, Refuse: refuseCDN},
		{Name: "cdn.head", Role: route.CDN, Pattern: "HEAD /{user}/{number}/{label}/{position}/{file}", Handler: e.object, Refuse: refuseCDN},
	}
}

// accountHandler answers a call of the account that it is made for.
type accountHandler func(g *GoPro, w http.ResponseWriter, r *http.Request)

// guard makes the checks of every call in their order: content negotiation
// first, then the token, which says whose call it is.
func (e *Emulator) guard(serve accountHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status := negotiate(r.Header.Values("Accept")); status != http.StatusOK {
			refuseGoPro(w, r, status)
			return
		}
		g := e.admit(r)
		if g == nil {
			e.unauthorized(w, r)
			return
		}
		serve(g, w, r)
	}
}

// unauthorized answers a token that is not good.
func (e *Emulator) unauthorized(w http.ResponseWriter, r *http.Request) {
	refuseGoPro(w, r, e.GoPro.options.Unauthorized)
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

// refuseGoPro answers a status as the API words it.
func refuseGoPro(w http.ResponseWriter, _ *http.Request, status int) {
	switch status {
	case http.StatusNotAcceptable, http.StatusGone:
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
	case http.StatusUnauthorized:
		goproError(w, status, "invalid_request", "The access token is invalid or expired")
	case http.StatusNotFound:
		goproError(w, status, "not_found", "")
	case http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		route.Respond(w, status, "text/html", route.ErrorPage)
	default:
		name := strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
		goproError(w, status, name, "")
	}
}

func goproError(w http.ResponseWriter, status int, name, description string) {
	body := map[string]string{"error": name}
	if description != "" {
		body["error_description"] = description
	}
	goproJSON(w, status, body)
}

func goproJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of plain values, and raw JSON that tests wrote
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone
}

// account answers who the token belongs to and what the account holds.
func (g *GoPro) account(w http.ResponseWriter, _ *http.Request) {
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
	goproJSON(w, http.StatusOK, map[string]any{
		"id": g.user, "email": g.username, "total_count": count, "total_storage": bytes,
		"non_exempt_storage_limit": 100_000_000_000, "exempt": share(count, bytes), "non_exempt": share(0, 0),
		"created_at": "2019-03-02T10:00:00Z", "updated_at": "2025-06-01T10:00:00Z",
	})
}
