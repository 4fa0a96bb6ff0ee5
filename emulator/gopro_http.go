package emulator

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// tokenCookie is the cookie that carries the GoPro token.
const tokenCookie = "gp_access_token"

// goproRoutes are the API of the GoPro cloud, its CDN and its thumbnails.
func (e *Emulator) goproRoutes() []route {
	g := e.GoPro
	api := func(name, pattern string, handler http.HandlerFunc) route {
		return route{name: name, role: roleGoPro, pattern: pattern, handler: g.guard(handler), refuse: refuseGoPro}
	}
	return []route{
		{name: "gopro.token", role: roleGoPro, pattern: "POST /v1/oauth2/token", handler: g.grant, refuse: refuseGoPro},
		api("gopro.user", "GET /media/user", g.account),
		api("gopro.search", "GET /media/search", g.search),
		api("gopro.notready", "GET /media/filters/not-ready", g.notReady),
		api("gopro.download", "GET /media/{id}/{part}", g.download),
		api("gopro.media", "GET /media/{id}", g.row),
		api("gopro.update", "PUT /media/{id}", g.update),
		api("gopro.update", "PUT /media/{id}/process", g.reprocess),
		api("gopro.delete", "DELETE /media", g.remove),
		api("gopro.delete", "GET /media/deleted", g.trash),
		api("gopro.delete", "POST /media/restore", g.restore),
		api("gopro.albums", "GET /media/items", g.albums),
		api("gopro.albums", "GET /media/items/{id}", g.album),
		{name: "gopro.zip", role: roleGoPro, pattern: "GET /media/x/zip/source", handler: g.zip, refuse: refuseGoPro},
		api("", "/media/", func(w http.ResponseWriter, _ *http.Request) { refuseGoPro(w, nil, http.StatusNotFound) }),
		{name: "gopro.thumbnail", role: roleImages, pattern: "GET /resize/{size}/{token}", handler: g.thumbnail, refuse: refuseGoPro},
		{name: "cdn.get", role: roleCDN, pattern: "GET /{user}/{number}/{label}/{position}/{file}", handler: g.object, refuse: refuseCDN},
		{name: "cdn.head", role: roleCDN, pattern: "HEAD /{user}/{number}/{label}/{position}/{file}", handler: g.object, refuse: refuseCDN},
	}
}

// guard makes the checks of every call in their order: content negotiation
// first, then the token.
func (g *GoPro) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status := negotiate(r.Header.Values("Accept")); status != http.StatusOK {
			refuseGoPro(w, r, status)
			return
		}
		if !g.admit(r) {
			refuseGoPro(w, r, g.options.Unauthorized)
			return
		}
		next(w, r)
	}
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
		write(w, status, "text/html", htmlPage)
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
		"id": g.user, "email": GoProUsername, "total_count": count, "total_storage": bytes,
		"non_exempt_storage_limit": 100_000_000_000, "exempt": share(count, bytes), "non_exempt": share(0, 0),
		"created_at": "2019-03-02T10:00:00Z", "updated_at": "2025-06-01T10:00:00Z",
	})
}
