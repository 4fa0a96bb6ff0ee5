package emulator

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
func (g *Google) uploadRoutes() []route {
	return []route{
		{role: rolePhotos, pattern: "/v1/uploads", pick: g.pickUpload},
		{role: rolePhotos, pattern: "/v1/uploads/{$}", pick: g.pickUpload},
	}
}

func (g *Google) pickUpload(r *http.Request) route {
	switch {
	case r.Method != http.MethodPost:
		return route{role: rolePhotos, handler: refuseMethod}
	case r.URL.Query().Get("upload_id") != "":
		return g.pickCommand(commands(r))
	case strings.EqualFold(r.Header.Get("X-Goog-Upload-Protocol"), "raw"):
		return g.uploadRoute("upload.raw", g.raw)
	}
	return g.uploadRoute("upload.start", g.start)
}

func (g *Google) pickCommand(commands string) route {
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

func (g *Google) uploadRoute(name string, do func(http.ResponseWriter, *http.Request, caller) error) route {
	return route{name: name, role: rolePhotos, refuse: refuseUpload, handler: func(w http.ResponseWriter, r *http.Request) {
		c, err := g.admit(r, []string{scopeAppend})
		if err == nil && g.opts.UploadsAreCounted {
			err = g.quota.request(c.project, g.now())
		}
		if err == nil {
			err = do(w, r, c)
		}
		if err != nil {
			answerError(w, r, err)
		}
	}}
}

// accept answers success. The header names go out in exactly this letter case.
func (g *Google) accept(w http.ResponseWriter, status, body string, more map[string]string) {
	h := w.Header()
	h["X-Goog-Upload-Status"] = []string{status}
	h["X-GUploader-UploadID"] = []string{"ABPtcP" + opaque(80)}
	h["Date"] = []string{g.now().UTC().Format(http.TimeFormat)}
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
	bytes := newContent(g.opts.KeepFile, checksum != "")
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
	if faultOf(r, FaultLoseToken) != nil {
		return errDropped
	}
	g.accept(w, statusFinal, token, nil)
	return nil
}

func (g *Google) mint(c caller, name string, bytes *content) (token string) {
	return g.uploads.mint(&upload{caller: c, name: name, created: g.now(), sum: bytes.sha256(), file: bytes.file()})
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

// start opens a resumable upload.
func (g *Google) start(w http.ResponseWriter, r *http.Request, c caller) error {
	switch {
	case !strings.EqualFold(r.Header.Get("X-Goog-Upload-Protocol"), "resumable"):
		return badRequest("Invalid X-Goog-Upload-Protocol.")
	case commands(r) != "start":
		return badRequest("Invalid X-Goog-Upload-Command.")
	}
	if n, _ := r.Body.Read(make([]byte, 1)); n > 0 {
		return badRequest("The request that starts an upload must have no body.")
	}
	declared, err := size(r, "X-Goog-Upload-Raw-Size")
	if err != nil {
		return err
	}
	if g.opts.RefuseAtStart && declared > g.opts.MaxUpload {
		return errTooLarge()
	}
	checksum, err := statedChecksum(r)
	if err != nil {
		return err
	}
	s := g.open(c, r.Header.Get("X-Goog-Upload-File-Name"), declared, checksum)
	url := g.e.base(rolePhotos) + "/v1/uploads?upload_id=" + s.id + "&upload_protocol=resumable"
	g.accept(w, statusActive, "", map[string]string{
		"X-Goog-Upload-URL":               url,
		"X-Goog-Upload-Control-URL":       url,
		"X-Goog-Upload-Chunk-Granularity": strconv.FormatInt(g.opts.Granularity, 10),
	})
	return nil
}

func (g *Google) open(c caller, name string, declared int64, checksum string) *session {
	s := &session{
		id: "AEnB2U" + opaque(120), caller: c, name: name, declared: declared, checksum: checksum,
		granularity: g.opts.Granularity, exact: g.opts.ExactPrefix, created: g.now(),
		status: statusActive, bytes: newContent(g.opts.KeepFile, checksum != ""),
	}
	s.granule = s.bytes.mark()
	g.uploads.add(s)
	return s
}

// size reads a header that holds a count of bytes; absent is 0.
func size(r *http.Request, header string) (int64, error) {
	text := r.Header.Get(header)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("Invalid " + header + ".")
	}
	return n, nil
}

type sessionCall func(w http.ResponseWriter, r *http.Request, s *session) error

// onSession finds the session that a request's URL names.
func (g *Google) onSession(do sessionCall) func(http.ResponseWriter, *http.Request, caller) error {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		id := r.URL.Query().Get("upload_id")
		if faultOf(r, FaultLoseSession) != nil {
			g.uploads.forget(id)
		}
		s := g.uploads.session(id, c, g.now(), g.opts.UploadURLLife)
		if s == nil {
			return g.errNoSession()
		}
		return do(w, r, s)
	}
}

func (g *Google) errNoSession() error {
	return bad(g.opts.BadURLStatus, "Invalid upload URL.")
}

// query tells how far an upload is. What was sent but not confirmed by now is
// given up: the offset in the answer holds.
func (g *Google) query(w http.ResponseWriter, _ *http.Request, s *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.status == statusCancelled:
		return g.errNoSession()
	case s.declared > g.opts.MaxUpload:
		return errTooLarge()
	case s.status == statusFinal && g.opts.TokenOnQuery:
		g.accept(w, statusFinal, s.token, nil)
	case s.status == statusFinal:
		g.accept(w, statusFinal, "", nil)
	default:
		s.fence()
		g.accept(w, statusActive, "", map[string]string{
			"X-Goog-Upload-Size-Received":     strconv.FormatInt(s.bytes.size, 10),
			"X-Goog-Upload-Chunk-Granularity": strconv.FormatInt(s.granularity, 10),
		})
	}
	return nil
}

func (g *Google) cancel(w http.ResponseWriter, _ *http.Request, s *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != statusActive {
		return g.errNoSession()
	}
	s.fence()
	s.status = statusCancelled
	s.bytes = newContent(0, false) // nobody will ask for them
	g.accept(w, statusCancelled, "", nil)
	return nil
}

// chunk takes the bytes of one request and, for finalize, ends the upload.
func (g *Google) chunk(w http.ResponseWriter, r *http.Request, s *session) error {
	offset, err := size(r, "X-Goog-Upload-Offset")
	if err != nil {
		return err
	}
	final := strings.Contains(commands(r), "finalize")
	turn, err := g.admitChunk(s, offset, r.ContentLength, final)
	if err != nil {
		return err
	}
	if err := s.receive(turn.writer, r.Body, turn.room); err != nil {
		return g.interrupted(s, turn, err)
	}
	if !final {
		return g.confirm(w, s, turn)
	}
	return g.finalize(w, r, s, turn)
}

// chunkTurn is a request's right to write to a session, and the way back.
type chunkTurn struct {
	writer          int
	room            int64 // how many bytes it may send
	before, granule mark
}

// admitChunk checks what can be known before the bytes arrive, so that a refusal
// leaves the session as it was.
func (g *Google) admitChunk(s *session, offset, length int64, final bool) (chunkTurn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == statusCancelled {
		return chunkTurn{}, g.errNoSession()
	}
	if s.status == statusFinal {
		return chunkTurn{}, badRequest("Upload has already been terminated.")
	}
	s.fence()
	room := g.opts.MaxUpload - s.bytes.size
	if s.declared > 0 {
		room = min(room, s.declared-s.bytes.size)
	}
	switch {
	case offset != s.bytes.size:
		return chunkTurn{}, badRequest("Invalid upload offset.")
	case s.bytes.size+max(length, 0) > g.opts.MaxUpload, final && s.declared > g.opts.MaxUpload:
		return chunkTurn{}, errTooLarge()
	case length > room:
		return chunkTurn{}, badRequest("More bytes than the declared size.")
	case !final && length > 0 && length%s.granularity != 0:
		return chunkTurn{}, badRequest("Chunk size is not a multiple of the granularity.")
	case final && s.declared > 0 && length >= 0 && s.bytes.size+length != s.declared:
		return chunkTurn{}, badRequest("Received bytes do not match the declared size.")
	case final && length == 0 && s.bytes.size == 0:
		return chunkTurn{}, badRequest("Payload must not be empty")
	}
	return chunkTurn{writer: s.begin(), room: room, before: s.bytes.mark(), granule: s.granule}, nil
}

// interrupted settles a request that ended before its time.
func (g *Google) interrupted(s *session, t chunkTurn, err error) error {
	if !errors.Is(err, errTooLong) {
		s.leave(t.writer, true)
		return errDropped
	}
	s.undo(t)
	if s.declared > 0 && s.declared <= g.opts.MaxUpload {
		return badRequest("More bytes than the declared size.")
	}
	return errTooLarge()
}

// undo puts a session back to where the turn began.
func (s *session) undo(t chunkTurn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer == t.writer {
		s.restore(t)
	}
}

// restore is undo with s.mu held.
func (s *session) restore(t chunkTurn) {
	s.bytes.rewind(t.before)
	s.granule = t.granule
	s.writing = false
}

// confirm answers a chunk that is not the last.
func (g *Google) confirm(w http.ResponseWriter, s *session, t chunkTurn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.writer != t.writer:
		return errDropped
	case (s.bytes.size-t.before.size)%s.granularity != 0: // of a body without a length
		s.restore(t)
		return badRequest("Chunk size is not a multiple of the granularity.")
	}
	s.writing = false
	g.accept(w, statusActive, "", nil)
	return nil
}

// finalize turns a complete session into an upload token.
func (g *Google) finalize(w http.ResponseWriter, r *http.Request, s *session, t chunkTurn) error {
	checksum, err := statedChecksum(r)
	if err != nil {
		s.undo(t)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != t.writer {
		return errDropped
	}
	if err := s.complete(); err != nil {
		s.restore(t)
		return err
	}
	s.writing = false
	for _, stated := range slices.Compact([]string{s.checksum, checksum}) {
		if !matches(s.bytes, stated) {
			s.status = statusCancelled
			w.Header()["X-Goog-Upload-Status"] = []string{statusFinal} // with an error: rejected for good
			return errChecksum()
		}
	}
	s.status = statusFinal
	s.token = g.mint(s.caller, s.name, s.bytes)
	s.bytes.head, s.bytes.tail = nil, nil // the upload has them
	if faultOf(r, FaultLoseToken) != nil {
		return errDropped
	}
	g.accept(w, statusFinal, s.token, nil)
	return nil
}

// complete checks the bytes of a finalized session. The caller holds s.mu.
func (s *session) complete() error {
	switch {
	case s.declared > 0 && s.bytes.size != s.declared:
		return badRequest("Received bytes do not match the declared size.")
	case s.bytes.size == 0:
		return badRequest("Payload must not be empty")
	}
	return nil
}
