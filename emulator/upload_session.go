package emulator

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

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
	url := g.e.base(route.Photos) + "/v1/uploads?upload_id=" + s.id + "&upload_protocol=resumable"
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
		status: statusActive, bytes: newContent(g.opts.KeepFile, g.opts.Digest(), checksum != ""),
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
		if fault.Of(r, fault.LoseSession) != nil {
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
	s.bytes = newContent(0, sha256.New(), false) // nobody will ask for them
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
	s.bytes, s.granule = &content{size: s.bytes.size}, mark{} // the upload has the bytes
	if fault.Of(r, fault.LoseToken) != nil {
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
