package emulator

import (
	"crypto/sha256"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// uploads holds the upload sessions and the upload tokens.
type uploads struct {
	mu       sync.Mutex
	sessions map[string]*session // by upload id
	tokens   map[string]*upload  // by upload token
}

func newUploads() *uploads {
	return &uploads{sessions: map[string]*session{}, tokens: map[string]*upload{}}
}

// upload is a file that arrived in full and waits to be made an item.
type upload struct {
	caller  caller
	name    string // of the legacy header; batchCreate may give another
	created time.Time
	sum     [sha256.Size]byte
	file    file  // guarded by the library's mutex once the token was given out
	item    *item // what was made of it; guarded likewise
}

const (
	statusActive    = "active"
	statusFinal     = "final"
	statusCancelled = "cancelled"
)

// session is one resumable upload. Its writer is the request that delivers bytes
// at the moment; a later command of the same session takes its place, and what
// the earlier one goes on sending is not heard any more.
type session struct {
	id          string
	caller      caller
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

func (u *uploads) add(s *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessions[s.id] = s
}

// session finds a session that belongs to the caller and has not aged out.
func (u *uploads) session(id string, c caller, now time.Time, life time.Duration) *session {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.sessions[id]
	if s == nil || !s.caller.same(c) {
		return nil
	}
	if now.Sub(s.created) >= life {
		delete(u.sessions, id)
		return nil
	}
	return s
}

func (u *uploads) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.sessions, id)
}

// mint makes an upload token.
func (u *uploads) mint(up *upload) (token string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	token = "CAIS" + opaque(132)
	u.tokens[token] = up
	return token
}

// redeem finds what a token stands for, if it is the caller's and not too old.
func (u *uploads) redeem(token string, c caller, now time.Time, life time.Duration) *upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.tokens[token]
	if up == nil || !up.caller.same(c) {
		return nil
	}
	if now.Sub(up.created) >= life {
		delete(u.tokens, token)
		return nil
	}
	return up
}

// UploadState is an upload session or an upload token that nothing was made of.
type UploadState struct {
	ID       string    `json:"-"`                  // upload_id in the upload URL: a credential
	Status   string    `json:"status"`             // active, final, cancelled
	Received int64     `json:"received"`           // bytes
	Declared int64     `json:"declared,omitempty"` // bytes; 0: not announced
	Started  time.Time `json:"started"`
}

func (u *uploads) states() []UploadState {
	u.mu.Lock()
	sessions := slices.Collect(maps.Values(u.sessions))
	u.mu.Unlock() // a session that finishes holds its own mutex and asks for this one
	states := make([]UploadState, 0, len(sessions))
	for _, s := range sessions {
		states = append(states, s.state())
	}
	return states
}

func (s *session) state() UploadState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return UploadState{ID: s.id, Status: s.status, Received: s.bytes.size, Declared: s.declared, Started: s.created}
}
