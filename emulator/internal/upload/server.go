package upload

import (
	"crypto/sha256"
	"hash"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
)

// Options are the switches of the upload endpoint.
type Options struct {
	Granularity   int64         // bytes
	URLLife       time.Duration // of upload URLs
	TokenLife     time.Duration // of upload tokens
	MaxSize       int64         // bytes
	RefuseAtStart bool          // too large a declared size fails at the start already
	BadURLStatus  int           // for unknown, expired and cancelled upload URLs
	ExactPrefix   bool          // a cut request keeps every byte, not whole granules
	TokenOnQuery  bool          // the query of a finalized session repeats the token
	Counted       bool          // upload requests count against the daily quota
	KeepFile      int64         // a file up to this size is kept whole
	Digest        func() hash.Hash
}

// Server is the upload endpoint: sessions, and tokens for what has arrived. It is
// safe for concurrent use.
type Server struct {
	frontend *google.Frontend
	opts     Options
	base     func() string // root of upload URLs

	mu       sync.Mutex
	sessions map[string]*session // by upload id
	tokens   map[string]*Upload  // by upload token
}

// New returns an endpoint behind a frontend.
func New(frontend *google.Frontend, base func() string, o Options) *Server {
	return &Server{frontend: frontend, opts: o, base: base, sessions: map[string]*session{}, tokens: map[string]*Upload{}}
}

// FileOf returns a file of a user that arrived by other means than the API.
func (u *Server) FileOf(c google.Caller, data []byte) *Upload {
	bytes := u.content(false)
	_, _ = bytes.Write(data)
	return &Upload{Caller: c, Sum: bytes.digest(), File: bytes.file()}
}

// Upload is a file that arrived in full and waits to be made an item.
type Upload struct {
	Caller  google.Caller
	Name    string // of the legacy header; batchCreate may give another
	created time.Time
	Sum     [sha256.Size]byte
	File    File // guarded by the redeemer's mutex once the token was given out
}

const (
	Active          = "active"
	statusFinal     = "final"
	statusCancelled = "cancelled"
)

// session is one resumable upload. Its writer is the request that delivers bytes
// at the moment; a later command of the same session takes its place, and what
// the earlier one goes on sending is not heard any more.
type session struct {
	id          string
	caller      google.Caller
	name        string
	declared    int64 // bytes announced at the start; 0: unknown
	checksum    string
	granularity int64
	exact       bool // a cut keeps every byte, not only whole granules
	created     time.Time

	mu      sync.Mutex
	status  string
	token   string
	bytes   *content
	granule mark // the last multiple of the granularity
	writer  int  // counts writers; only the latest may write
	writing bool
}

// fence ends the writer that may still be at work and settles what is kept of
// its bytes. The caller holds s.mu.
func (s *session) fence() {
	s.writer++
	if s.writing {
		s.writing = false
		s.cut()
	}
}

// cut keeps what a broken request leaves behind.
func (s *session) cut() {
	if !s.exact {
		s.bytes.rewind(s.granule)
	}
}

// begin makes the calling request the writer. The caller holds s.mu.
func (s *session) begin() (writer int) {
	s.fence()
	s.writing = true
	return s.writer
}

// write adds p on behalf of a writer and reports whether it is still the one.
// The digests are saved at every granule, so that a cut can go back there.
func (s *session) write(writer int, p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != writer {
		return false
	}
	for len(p) > 0 {
		n := min(int64(len(p)), s.granularity-s.bytes.size%s.granularity)
		_, _ = s.bytes.Write(p[:n])
		if s.bytes.size%s.granularity == 0 {
			s.granule = s.bytes.mark()
		}
		p = p[n:]
	}
	return true
}

// receive reads a request body into the session. Its error is that of the body,
// or errFenced when another command took over.
func (s *session) receive(writer int, body io.Reader, limit int64) error {
	buf := make([]byte, 64<<10)
	for left := limit; ; {
		n, err := body.Read(buf)
		if int64(n) > left {
			return errTooLong
		}
		left -= int64(n)
		if !s.write(writer, buf[:n]) {
			return errFenced
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// leave ends the writer's turn. A broken one keeps a prefix.
func (s *session) leave(writer int, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writer != writer {
		return
	}
	s.writing = false
	if broken {
		s.cut()
	}
}

func (u *Server) add(s *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessions[s.id] = s
}

// session finds a session that belongs to the caller and has not aged out.
func (u *Server) session(id string, c google.Caller) *session {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.sessions[id]
	if s == nil || !s.caller.Same(c) {
		return nil
	}
	if u.frontend.Now().Sub(s.created) >= u.opts.URLLife {
		delete(u.sessions, id)
		return nil
	}
	return s
}

func (u *Server) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.sessions, id)
}

// mint makes an upload token.
func (u *Server) mint(up *Upload) (token string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	token = "CAIS" + google.Opaque(132)
	u.tokens[token] = up
	return token
}

// Redeem finds what a token stands for, if it is the caller's and not too old.
func (u *Server) Redeem(token string, c google.Caller) *Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.tokens[token]
	if up == nil || !up.Caller.Same(c) {
		return nil
	}
	if u.frontend.Now().Sub(up.created) >= u.opts.TokenLife {
		delete(u.tokens, token)
		return nil
	}
	return up
}

// State is an upload session or an upload token that nothing was made of.
type State struct {
	ID       string // upload_id in the upload URL: a credential
	Status   string // active, final, cancelled
	Received int64  // bytes
	Declared int64  // bytes; 0: not announced
	Started  time.Time
}

// ForgetAll forgets all sessions.
func (u *Server) ForgetAll() {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.sessions)
}

// States returns the sessions, in no order.
func (u *Server) States() []State {
	u.mu.Lock()
	sessions := slices.Collect(maps.Values(u.sessions))
	u.mu.Unlock() // a session that finishes holds its own mutex and asks for this one
	states := make([]State, 0, len(sessions))
	for _, s := range sessions {
		states = append(states, s.state())
	}
	return states
}

func (s *session) state() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{ID: s.id, Status: s.status, Received: s.bytes.size, Declared: s.declared, Started: s.created}
}
