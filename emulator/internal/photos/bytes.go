package photos

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// baseURLLife is how long a base URL works.
const baseURLLife = 60 * time.Minute

const bytesPurpose = "base url"

// baseURL makes the address of an item's bytes. It works without a token, for an
// hour, as long as the grant stands.
func (g *Service) baseURL(c google.Caller, it *item) string {
	expires := strconv.FormatInt(g.now().Add(baseURLLife).Unix(), 36)
	return g.base() + "/lr/" + g.signer.seal(bytesPurpose, expires+"."+c.Grant+"."+it.id)
}

func (g *Service) bytesRoutes() []route.Route {
	return []route.Route{{Name: "bytes.get", Role: route.Bytes, Pattern: "GET /lr/{address}", Handler: g.serveBytes, Refuse: RefusePage}}
}

// RefusePage answers a status with a web page.
func RefusePage(w http.ResponseWriter, _ *http.Request, status int) {
	google.WritePage(w, status, http.StatusText(status)+".")
}

// rendition is what the parameters behind a base URL ask for.
type rendition struct {
	width, height int
	crop          bool
	download      bool // =d
	video         bool // =dv
}

var sizeParameter = regexp.MustCompile(`^([wh])([0-9]{1,5})$`)

// parseRendition reads parameters such as w2048-h1024-c, d, dv or no.
func parseRendition(text string) (r rendition, ok bool) {
	for p := range strings.SplitSeq(text, "-") {
		size := sizeParameter.FindStringSubmatch(p)
		switch {
		case p == "d":
			r.download = true
		case p == "dv":
			r.video = true
		case p == "c":
			r.crop = true
		case p == "no": // without the mark of a video; there is none
		case size != nil && size[1] == "w":
			r.width, _ = strconv.Atoi(size[2]) // digits
		case size != nil:
			r.height, _ = strconv.Atoi(size[2]) // digits
		default:
			return rendition{}, false
		}
	}
	return r, true
}

func (g *Service) serveBytes(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		route.NoteLeak(r)
	}
	address, parameters, _ := strings.Cut(r.PathValue("address"), "=")
	it, project, ok := g.addressed(r, address)
	if !ok {
		google.WritePage(w, http.StatusForbidden, "Your client does not have permission to get this URL from this server.")
		return
	}
	if err := g.frontend.Quota.Download(project, g.now()); err != nil || g.frontend.QuotaFault(r) != nil {
		google.WritePage(w, http.StatusTooManyRequests, "The quota of base URL requests is spent.")
		return
	}
	if it == nil {
		writeMissing(w)
		return
	}
	if parameters == "" && g.opts.BareBaseURL {
		parameters = "w512-h512"
	}
	want, ok := parseRendition(parameters)
	if !ok {
		google.WritePage(w, http.StatusForbidden, "A base URL needs parameters.")
		return
	}
	g.render(w, r, it, want)
}

// addressed finds what a base URL stands for. It is not ok when the URL does not
// work (any more); the item is nil when it is gone.
func (g *Service) addressed(r *http.Request, address string) (it *item, project string, ok bool) {
	text, ok := g.signer.open(bytesPurpose, address)
	parts := strings.Split(text, ".")
	if !ok || len(parts) != 3 {
		return nil, "", false
	}
	expires, err := strconv.ParseInt(parts[0], 36, 64)
	if err != nil || g.now().Unix() >= expires || fault.Of(r, fault.Expired) != nil || !g.granted(parts[1]) {
		return nil, "", false
	}
	g.library.mu.Lock()
	defer g.library.mu.Unlock()
	it = g.library.byID[parts[2]]
	if it == nil {
		return nil, "", true
	}
	return it, it.project, true
}

// writeMissing answers for what is gone: not found, but as an image.
func writeMissing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "image/png")
	w.WriteHeader(http.StatusNotFound)
}

func (g *Service) render(w http.ResponseWriter, r *http.Request, it *item, want rendition) {
	g.library.mu.Lock()
	f, media, status, name := it.file, it.media, g.library.status(it, g.now()), it.filename
	g.library.mu.Unlock()
	switch {
	case want.video && status != "READY":
		writeMissing(w)
	case want.video:
		w.Header().Set("Content-Type", "video/mp4")
		serveFile(w, r, name, transcode(f))
	case want.download && !media.video && f.Whole():
		w.Header().Set("Content-Type", media.mime)
		serveFile(w, r, name, bytes.NewReader(withoutLocation(f.Head)))
	default:
		w.Header().Set("Content-Type", "image/jpeg")
		serveFile(w, r, "", bytes.NewReader(thumbnail(f, media, it.sum, want)))
	}
}

func serveFile(w http.ResponseWriter, r *http.Request, name string, content io.ReadSeeker) {
	w.Header().Set("Cache-Control", "private, max-age=3600")
	if name != "" {
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment;filename=%q", name))
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}
