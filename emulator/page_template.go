package emulator

import (
	"embed"
	"html/template"
	"io"
	"net/http"
	"strings"
	"sync"
)

//go:embed page
var pageFiles embed.FS

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "page/*.html"))
})

// writeTemplate answers with a page. Only the script with the nonce may run on
// it; no nonce, no script.
func writeTemplate(w http.ResponseWriter, status int, name string, data any, nonce string) {
	var page strings.Builder
	if err := templates().ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "the page can not be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	script := "'none'"
	if nonce != "" {
		script = "'nonce-" + nonce + "'"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; script-src "+script+"; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, page.String()) // the client may be gone
}
