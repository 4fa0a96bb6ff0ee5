package upload

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

var (
	errFenced  = errors.New("another command took over the upload")
	errTooLong = errors.New("more bytes than announced")
)

// bad is an answer of the upload endpoint: a bare status, without an envelope.
func bad(code int, message string) *google.Error {
	e := google.Failf(code, "%s", message)
	e.Bare = true
	return e
}

func badRequest(message string) *google.Error { return bad(http.StatusBadRequest, message) }

func errTooLarge() *google.Error {
	return bad(http.StatusRequestEntityTooLarge, "The request exceeded the max file size limit of 20 GB.")
}

func errChecksum() *google.Error {
	return badRequest("User-provided checksum does not match received payload content.")
}

func errUploadQuota() *google.Error {
	return bad(http.StatusTooManyRequests, "Insufficient tokens for quota 'photoslibrary.googleapis.com/upload_requests' and limit 'UploadsPerMinute' of service 'photoslibrary.googleapis.com' for consumer 'project_number:"+google.ProjectNumber+"'.")
}

// Routes is one path with many calls: headers tell them apart.
func (u *Server) Routes() []route.Route {
	names := []string{"upload.start", "upload.raw", "upload.query", "upload.cancel", "upload.chunk", "upload.finalize"}
	return []route.Route{
		{Role: route.Photos, Pattern: "/v1/uploads", Pick: u.pickUpload, Picks: names},
		{Role: route.Photos, Pattern: "/v1/uploads/{$}", Pick: u.pickUpload, Picks: names},
	}
}

func (u *Server) pickUpload(r *http.Request) route.Route {
	switch {
	case r.Method != http.MethodPost:
		return route.Route{Role: route.Photos, Handler: refuseMethod}
	case r.URL.Query().Get("upload_id") != "":
		return u.pickCommand(commands(r))
	case strings.EqualFold(r.Header.Get("X-Goog-Upload-Protocol"), "raw"):
		return u.uploadRoute("upload.raw", u.raw)
	}
	return u.uploadRoute("upload.start", u.start)
}

func (u *Server) pickCommand(commands string) route.Route {
	switch commands {
	case "query":
		return u.uploadRoute("upload.query", u.onSession(u.query))
	case "cancel":
		return u.uploadRoute("upload.cancel", u.onSession(u.cancel))
	case "upload":
		return u.uploadRoute("upload.chunk", u.onSession(u.chunk))
	case "upload,finalize", "finalize":
		return u.uploadRoute("upload.finalize", u.onSession(u.chunk))
	}
	return u.uploadRoute("upload.chunk", func(http.ResponseWriter, *http.Request, google.Caller) error {
		return badRequest("Invalid X-Goog-Upload-Command.")
	})
}

// commands is the command header in lower case and without blanks.
func commands(r *http.Request) string {
	return strings.ToLower(strings.ReplaceAll(r.Header.Get("X-Goog-Upload-Command"), " ", ""))
}

func refuseMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	google.AnswerError(w, r, bad(http.StatusMethodNotAllowed, "Uploads are made with POST."))
}

// refuseUpload answers an injected status in the form of the upload endpoint.
func refuseUpload(w http.ResponseWriter, r *http.Request, status int) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		google.RefuseEnvelope(w, r, status)
	case http.StatusTooManyRequests:
		google.AnswerError(w, r, errUploadQuota())
	case http.StatusRequestEntityTooLarge:
		google.AnswerError(w, r, errTooLarge())
	default:
		google.AnswerError(w, r, bad(status, google.Fail(status).Message))
	}
}

func (u *Server) uploadRoute(name string, do func(http.ResponseWriter, *http.Request, google.Caller) error) route.Route {
	return route.Route{Name: name, Role: route.Photos, Refuse: refuseUpload, Handler: func(w http.ResponseWriter, r *http.Request) {
		if fault.Of(r, fault.NoStatus) != nil {
			w = withoutStatus{w}
		}
		c, err := u.frontend.Admit(r, []string{google.ScopeAppend})
		if err == nil && u.opts.Counted {
			err = u.frontend.Quota.Request(c.Project, u.frontend.Now())
		}
		if limit, ok := errors.AsType[*google.Error](err); ok && limit.Code == http.StatusTooManyRequests {
			limit.Bare = true
		}
		if err == nil {
			err = do(w, r, c)
		}
		if err != nil {
			google.AnswerError(w, r, err)
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
func (u *Server) accept(w http.ResponseWriter, status, body string, more map[string]string) {
	h := w.Header()
	h["X-Goog-Upload-Status"] = []string{status}
	h["X-GUploader-UploadID"] = []string{"ABPtcP" + google.Opaque(80)}
	h["Content-Type"] = []string{"text/plain; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	for name, value := range more {
		h[name] = []string{value}
	}
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, body) // the client may be gone
}

// raw takes a whole file in one request.
func (u *Server) raw(w http.ResponseWriter, r *http.Request, c google.Caller) error {
	checksum, err := statedChecksum(r)
	if err != nil {
		return err
	}
	if r.ContentLength > u.opts.MaxSize {
		return errTooLarge()
	}
	bytes := u.content(checksum != "")
	n, err := io.Copy(bytes, io.LimitReader(r.Body, u.opts.MaxSize+1))
	switch {
	case err != nil:
		return google.ErrDropped
	case n > u.opts.MaxSize:
		return errTooLarge()
	case n == 0:
		return badRequest("Payload must not be empty")
	case !matches(bytes, checksum):
		return errChecksum()
	}
	token := u.finish(c, r.Header.Get("X-Goog-Upload-File-Name"), bytes)
	if fault.Of(r, fault.LoseToken) != nil {
		return google.ErrDropped
	}
	u.accept(w, statusFinal, token, nil)
	return nil
}

func (u *Server) finish(c google.Caller, name string, bytes *content) (token string) {
	return u.mint(&Upload{Caller: c, Name: name, created: u.frontend.Now(), Sum: bytes.digest(), File: bytes.file()})
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

func (u *Server) content(withSHA1 bool) *content {
	return newContent(u.opts.KeepFile, u.opts.Digest(), withSHA1)
}

func matches(c *content, checksum string) bool {
	if checksum == "" {
		return true
	}
	sum, known := c.sha1()
	return !known || string(sum[:]) == checksum
}
