package resumable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
)

// strictServer takes uploads as Google Photos does: it refuses whatever does
// not fit, and keeps a rounded-down prefix of what was cut.
type strictServer struct {
	unit int64

	mu       sync.Mutex
	base     string // where upload URLs point
	sessions map[string]*serverSession
	started  int
	raws     int
	uploads  map[string][]byte // by token
	log      []string          // commands
	got      int64             // bytes of bodies received

	// before, if not nil, sees each request first and may answer it itself.
	before func(n int, command string, w http.ResponseWriter, r *http.Request) (done bool)
	// after, if not nil, decides what becomes of the answer.
	after func(n int, command string) (drop bool)
	// cut, if not nil, returns after how many body bytes the line drops, or -1.
	cut func(n int, command string) int64
}

type serverSession struct {
	size  int64
	held  []byte
	final bool
}

func newStrictServer(unit int64) *strictServer {
	return &strictServer{
		unit: unit, base: "http://127.0.0.1/v1/uploads",
		sessions: map[string]*serverSession{}, uploads: map[string][]byte{},
	}
}

func (s *strictServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	command := strings.ReplaceAll(r.Header.Get("X-Goog-Upload-Command"), " ", "")
	if r.Header.Get("X-Goog-Upload-Protocol") == "raw" {
		command = "raw"
	}
	s.mu.Lock()
	s.log = append(s.log, command)
	n := len(s.log)
	s.mu.Unlock()
	if s.before != nil && s.before(n, command, w, r) {
		return
	}
	rec := httptest.NewRecorder()
	s.serve(n, command, rec, r)
	if s.after != nil && s.after(n, command) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
}

func (s *strictServer) serve(n int, command string, w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodPost:
		refuse(w, "method")
	case r.ContentLength < 0:
		refuse(w, "no Content-Length")
	case command == "raw":
		s.raw(n, w, r)
	case command == "start":
		s.start(w, r)
	default:
		s.session(n, command, w, r)
	}
}

func refuse(w http.ResponseWriter, why string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"code":3,"message":%q}`, why)
}

func (s *strictServer) start(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseInt(r.Header.Get("X-Goog-Upload-Raw-Size"), 10, 64)
	if err != nil || r.Header.Get("X-Goog-Upload-Protocol") != "resumable" || r.Header.Get("X-Goog-Upload-Content-Type") == "" || r.ContentLength != 0 {
		refuse(w, "bad start")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started++
	id := fmt.Sprintf("secret-%d", s.started)
	s.sessions[id] = &serverSession{size: size}
	h := w.Header()
	h.Set("X-Goog-Upload-Url", s.base+"?upload_id="+id+"&upload_protocol=resumable")
	h.Set("X-Goog-Upload-Chunk-Granularity", strconv.FormatInt(s.unit, 10))
	h.Set("X-Goog-Upload-Status", "active")
}

func (s *strictServer) raw(n int, w http.ResponseWriter, r *http.Request) {
	body, err := s.receive(n, "raw", r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(body) == 0 {
		refuse(w, "Payload must not be empty")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raws++
	fmt.Fprintln(w, s.keep(body))
}

func (s *strictServer) keep(body []byte) string {
	sum := sha256.Sum256(body)
	token := fmt.Sprintf("token-%d-%s", len(s.uploads), hex.EncodeToString(sum[:]))
	s.uploads[token] = bytes.Clone(body)
	return token
}

func (s *strictServer) receive(n int, command string, r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	if s.cut != nil {
		if at := s.cut(n, command); at >= 0 && at < r.ContentLength {
			body = io.MultiReader(io.LimitReader(r.Body, at), brokenReader{})
		}
	}
	b, err := io.ReadAll(body)
	s.mu.Lock()
	s.got += int64(len(b))
	s.mu.Unlock()
	if err == nil && int64(len(b)) != r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (s *strictServer) session(n int, command string, w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	id := r.URL.Query().Get("upload_id")
	session, ok := s.sessions[id]
	s.mu.Unlock()
	if !ok {
		refuse(w, "unknown session")
		return
	}
	h := w.Header()
	switch command {
	case "query":
		if session.final {
			h.Set("X-Goog-Upload-Status", "final")
			return
		}
		h.Set("X-Goog-Upload-Status", "active")
		h.Set("X-Goog-Upload-Size-Received", strconv.Itoa(len(session.held)))
	case "cancel":
		s.mu.Lock()
		delete(s.sessions, id)
		s.mu.Unlock()
		h.Set("X-Goog-Upload-Status", "cancelled")
	case "upload", "upload,finalize":
		s.segment(n, command, session, w, r)
	default:
		refuse(w, "unknown command")
	}
}

func (s *strictServer) segment(n int, command string, session *serverSession, w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.ParseInt(r.Header.Get("X-Goog-Upload-Offset"), 10, 64)
	last := command == "upload,finalize"
	switch {
	case session.final || offset != int64(len(session.held)):
		refuse(w, "wrong offset")
		return
	case !last && (r.ContentLength == 0 || r.ContentLength%s.unit != 0):
		refuse(w, "wrong granularity")
		return
	case last && offset+r.ContentLength != session.size:
		refuse(w, "wrong size")
		return
	}
	body, err := s.receive(n, command, r)
	if err != nil {
		kept := int64(len(body)) / s.unit * s.unit
		session.held = append(session.held, body[:kept]...)
		panic(http.ErrAbortHandler)
	}
	session.held = append(session.held, body...)
	if !last {
		w.Header().Set("X-Goog-Upload-Status", "active")
		return
	}
	session.final = true
	w.Header().Set("X-Goog-Upload-Status", "final")
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(w, s.keep(session.held))
}

// RoundTrip serves a request in memory, so that tests run on synctest's clock.
func (s *strictServer) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if r.GetBody != nil {
		panic("request could be replayed")
	}
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			resp, err = nil, io.ErrUnexpectedEOF
		}
		if r.Body != nil {
			r.Body.Close()
		}
	}()
	body := &recordingBody{r: r.Body}
	served := r.Clone(r.Context())
	served.Body = io.NopCloser(body)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, served)
	if body.err != nil && body.err != io.EOF {
		return nil, body.err // the transport puts the body's failure first
	}
	return rec.Result(), nil
}

type recordingBody struct {
	r   io.Reader
	err error
}

func (b *recordingBody) Read(p []byte) (int, error) {
	if b.r == nil {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	if err != nil {
		b.err = err
	}
	return n, err
}

func (s *strictServer) client() *http.Client { return &http.Client{Transport: s} }

func (s *strictServer) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, " ")
}
