package emulator

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

var (
	errFenced  = errors.New("another command took over the upload")
	errTooLong = errors.New("more bytes than announced")
)

// bad is an answer of the upload endpoint: a bare status, without an envelope.
func bad(code int, message string) *apiError {
	e := failuref(code, "%s", message)
	e.bare = true
	return e
}

func badRequest(message string) *apiError { return bad(http.StatusBadRequest, message) }

func errTooLarge() *apiError {
	return bad(http.StatusRequestEntityTooLarge, "The request exceeded the max file size limit of 20 GB.")
}

func errChecksum() *apiError {
	return badRequest("User-provided checksum does not match received payload content.")
}

func errUploadQuota() *apiError {
	return bad(http.StatusTooManyRequests, "Insufficient tokens for quota 'photoslibrary.googleapis.com/upload_requests' and limit 'UploadsPerMinute' of service 'photoslibrary.googleapis.com' for consumer 'project_number:"+projectNumber+"'.")
}

// uploadRoutes are one path with many calls: headers tell them apart.
func (g *Google) uploadRoutes() []route.Route {
	names := []string{"upload.start", "upload.raw", "upload.query", "upload.cancel", "upload.chunk", "upload.finalize"}
	return []route.Route{
		{Role: route.Photos, Pattern: "/v1/uploads", Pick: g.pickUpload, Picks: names},
		{Role: route.Photos, Pattern: "/v1/uploads/{$}", Pick: g.pickUpload, Picks: names},
	}
}

func (g *Google) pickUpload(r *http.Request) route.Route {
	switch {
	case r.Method != http.MethodPost:
		return route.Route{Role: route.Photos, Handler: refuseMethod}
	case r.URL.Query().Get("upload_id") != "":
		return g.pickCommand(commands(r))
	case strings.EqualFold(r.Header.Get("X-Goog-Upload-Protocol"), "raw"):
		return g.uploadRoute("upload.raw", g.raw)
	}
	return g.uploadRoute("upload.start", g.start)
}

func (g *Google) pickCommand(commands string) route.Route {
	switch commands {
	case "query":
		return g.uploadRoute("upload.query", g.onSession(g.query))
	case "cancel":
		return g.uploadRoute("upload.cancel", g.onSession(g.cancel))
	case "upload":
		return g.uploadRoute("upload.chunk", g.onSession(g.chunk))
	case "upload,finalize", "finalize":
		return g.uploadRoute("upload.finalize", g.onSession(g.chunk))
	}
	return g.uploadRoute("upload.chunk", func(http.ResponseWriter, *http.Request, caller) error {
		return badRequest("Invalid X-Goog-Upload-Command.")
	})
}

// commands is the command header in lower case and without blanks.
func commands(r *http.Request) string {
	return strings.ToLower(strings.ReplaceAll(r.Header.Get("X-Goog-Upload-Command"), " ", ""))
}

func refuseMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	answerError(w, r, bad(http.StatusMethodNotAllowed, "Uploads are made with POST."))
}

// refuseUpload answers an injected status in the form of the upload endpoint.
func refuseUpload(w http.ResponseWriter, r *http.Request, status int) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		refuseEnvelope(w, r, status)
	case http.StatusTooManyRequests:
		answerError(w, r, errUploadQuota())
	case http.StatusRequestEntityTooLarge:
		answerError(w, r, errTooLarge())
	default:
		answerError(w, r, bad(status, failure(status).message))
	}
}

func (g *Google) uploadRoute(name string, do func(http.ResponseWriter, *http.Request, caller) error) route.Route {
	return route.Route{Name: name, Role: route.Photos, Refuse: refuseUpload, Handler: func(w http.ResponseWriter, r *http.Request) {
		if fault.Of(r, fault.NoStatus) != nil {
			w = withoutStatus{w}
		}
		c, err := g.admit(r, []string{scopeAppend})
		if err == nil && g.opts.UploadsAreCounted {
			err = g.quota.request(c.project, g.now())
		}
		if limit, ok := errors.AsType[*apiError](err); ok && limit.code == http.StatusTooManyRequests {
			limit.bare = true
		}
		if err == nil {
			err = do(w, r, c)
		}
		if err != nil {
			answerError(w, r, err)
		}
	}}
}

// withoutStatus leaves out how the session stands.
type withoutStatus struct{ http.ResponseWriter }

func (w withoutStatus) WriteHeader(status int) {
	delete(w.Header(), "X-Goog-Upload-Status")
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w withoutStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// accept answers success. The header names go out in exactly this letter case.
func (g *Google) accept(w http.ResponseWriter, status, body string, more map[string]string) {
	h := w.Header()
	h["X-Goog-Upload-Status"] = []string{status}
	h["X-GUploader-UploadID"] = []string{"ABPtcP" + opaque(80)}
	h["Content-Type"] = []string{"text/plain; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	for name, value := range more {
		h[name] = []string{value}
	}
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, body) // the client may be gone
}

// raw takes a whole file in one request.
func (g *Google) raw(w http.ResponseWriter, r *http.Request, c caller) error {
	checksum, err := statedChecksum(r)
	if err != nil {
		return err
	}
	if r.ContentLength > g.opts.MaxUpload {
		return errTooLarge()
	}
	bytes := newContent(g.opts.KeepFile, g.opts.Digest(), checksum != "")
	n, err := io.Copy(bytes, io.LimitReader(r.Body, g.opts.MaxUpload+1))
	switch {
	case err != nil:
		return errDropped
	case n > g.opts.MaxUpload:
		return errTooLarge()
	case n == 0:
		return badRequest("Payload must not be empty")
	case !matches(bytes, checksum):
		return errChecksum()
	}
	token := g.mint(c, r.Header.Get("X-Goog-Upload-File-Name"), bytes)
	if fault.Of(r, fault.LoseToken) != nil {
		return errDropped
	}
	g.accept(w, statusFinal, token, nil)
	return nil
}

func (g *Google) mint(c caller, name string, bytes *content) (token string) {
	return g.uploads.mint(&upload{caller: c, name: name, created: g.now(), sum: bytes.digest(), file: bytes.file()})
}

// statedChecksum is the SHA-1 of X-Goog-Hash as raw bytes; empty: none stated.
func statedChecksum(r *http.Request) (string, error) {
	for stated := range strings.SplitSeq(r.Header.Get("X-Goog-Hash"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(stated), "=")
		if !strings.EqualFold(name, "sha1") {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(value)
		if err != nil || len(sum) != 20 {
			return "", badRequest("Invalid X-Goog-Hash.")
		}
		return string(sum), nil
	}
	return "", nil
}

func matches(c *content, checksum string) bool {
	if checksum == "" {
		return true
	}
	sum, known := c.sha1()
	return !known || string(sum[:]) == checksum
}
