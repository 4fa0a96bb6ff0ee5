package upload

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
)

// start opens a resumable upload.
func (u *Server) start(w http.ResponseWriter, r *http.Request, c google.Caller) error {
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
	if u.opts.RefuseAtStart && declared > u.opts.MaxSize {
		return errTooLarge()
	}
	checksum, err := statedChecksum(r)
	if err != nil {
		return err
	}
	s := u.open(c, r.Header.Get("X-Goog-Upload-File-Name"), declared, checksum)
	url := u.base() + "/v1/uploads?upload_id=" + s.id + "&upload_protocol=resumable"
	u.accept(w, Active, "", map[string]string{
		"X-Goog-Upload-URL":               url,
		"X-Goog-Upload-Control-URL":       url,
		"X-Goog-Upload-Chunk-Granularity": strconv.FormatInt(u.opts.Granularity, 10),
	})
	return nil
}

func (u *Server) open(c google.Caller, name string, declared int64, checksum string) *session {
	s := &session{
		id: "AEnB2U" + google.Opaque(120), caller: c, name: name, declared: declared, checksum: checksum,
		granularity: u.opts.Granularity, exact: u.opts.ExactPrefix, created: u.frontend.Now(),
		status: Active, bytes: u.content(checksum != ""),
	}
	s.granule = s.bytes.mark()
	u.add(s)
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
func (u *Server) onSession(do sessionCall) func(http.ResponseWriter, *http.Request, google.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c google.Caller) error {
		id := r.URL.Query().Get("upload_id")
		if fault.Of(r, fault.LoseSession) != nil {
			u.forget(id)
		}
		s := u.session(id, c)
		if s == nil {
			return u.errNoSession()
		}
		return do(w, r, s)
	}
}

func (u *Server) errNoSession() error {
	return bad(u.opts.BadURLStatus, "Invalid upload URL.")
}

// query returns how far an upload is. What was sent but not confirmed by now is
// given up: the offset in the answer holds.
func (u *Server) query(w http.ResponseWriter, _ *http.Request, s *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.status == statusCancelled:
		return u.errNoSession()
	case s.declared > u.opts.MaxSize:
		return errTooLarge()
	case s.status == statusFinal && u.opts.TokenOnQuery:
		u.accept(w, statusFinal, s.token, nil)
	case s.status == statusFinal:
		u.accept(w, statusFinal, "", nil)
	default:
		s.fence()
		u.accept(w, Active, "", map[string]string{
			"X-Goog-Upload-Size-Received":     strconv.FormatInt(s.bytes.size, 10),
			"X-Goog-Upload-Chunk-Granularity": strconv.FormatInt(s.granularity, 10),
		})
	}
	return nil
}

func (u *Server) cancel(w http.ResponseWriter, _ *http.Request, s *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != Active {
		return u.errNoSession()
	}
	s.fence()
	s.status = statusCancelled
	s.bytes = newContent(0, sha256.New(), false) // they are never asked for
	u.accept(w, statusCancelled, "", nil)
	return nil
}

// chunk takes the bytes of one request and, for finalize, ends the upload.
func (u *Server) chunk(w http.ResponseWriter, r *http.Request, s *session) error {
	offset, err := size(r, "X-Goog-Upload-Offset")
	if err != nil {
		return err
	}
	final := strings.Contains(commands(r), "finalize")
	turn, err := u.admitChunk(s, offset, r.ContentLength, final)
	if err != nil {
		return err
	}
	if err := s.receive(turn.writer, r.Body, turn.room); err != nil {
		return u.interrupted(s, turn, err)
	}
	if !final {
		return u.confirm(w, s, turn)
	}
	return u.finalize(w, r, s, turn)
}

// chunkTurn is a request's right to write to a session, and the way back.
type chunkTurn struct {
	writer          int
	room            int64 // how many bytes it may send
	before, granule mark
}

// admitChunk checks what can be known before the bytes arrive, so that a refusal
// leaves the session as it was.
func (u *Server) admitChunk(s *session, offset, length int64, final bool) (chunkTurn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == statusCancelled {
		return chunkTurn{}, u.errNoSession()
	}
	if s.status == statusFinal {
		return chunkTurn{}, badRequest("Upload has already been terminated.")
	}
	s.fence()
	room := u.opts.MaxSize - s.bytes.size
	if s.declared > 0 {
		room = min(room, s.declared-s.bytes.size)
	}
	switch {
	case offset != s.bytes.size:
		return chunkTurn{}, badRequest("Invalid upload offset.")
	case s.bytes.size+max(length, 0) > u.opts.MaxSize, final && s.declared > u.opts.MaxSize:
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
func (u *Server) interrupted(s *session, t chunkTurn, err error) error {
	if !errors.Is(err, errTooLong) {
		s.leave(t.writer, true)
		return google.ErrDropped
	}
	s.undo(t)
	if s.declared > 0 && s.declared <= u.opts.MaxSize {
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
func (u *Server) confirm(w http.ResponseWriter, s *session, t chunkTurn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.writer != t.writer:
		return google.ErrDropped
	case (s.bytes.size-t.before.size)%s.granularity != 0: // of a body without a length
		s.restore(t)
		return badRequest("Chunk size is not a multiple of the granularity.")
	}
	s.writing = false
	u.accept(w, Active, "", nil)
	return nil
}

// finalize turns a complete session into an upload token.
func (u *Server) finalize(w http.ResponseWriter, r *http.Request, s *session, t chunkTurn) error {
	checksum, err := statedChecksum(r)
	if err != nil {
		s.undo(t)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != t.writer {
		return google.ErrDropped
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
	s.token = u.finish(s.caller, s.name, s.bytes)
	s.bytes, s.granule = &content{size: s.bytes.size}, mark{} // the upload has the bytes
	if fault.Of(r, fault.LoseToken) != nil {
		return google.ErrDropped
	}
	u.accept(w, statusFinal, s.token, nil)
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
