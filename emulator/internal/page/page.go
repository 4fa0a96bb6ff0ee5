package page

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
	"sync"
)

//go:embed html
var pageFiles embed.FS

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "html/*.html"))
})

// Write answers with a page. Only the script with the nonce may run on
// it; no nonce, no script.
func Write(w http.ResponseWriter, status int, name string, data any, nonce string) {
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

var pageFuncs = template.FuncMap{
	"bytes":   humanBytes,
	"percent": percent,
}

// humanBytes returns a size with a binary unit.
func humanBytes(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, i := float64(n)/unit, 0
	for ; value >= unit && i < 4; i++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTP"[i])
}

func percent(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return min(100, part*100/whole)
}
