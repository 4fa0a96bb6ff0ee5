package resumable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Uploader carries objects from their source to a server, whatever drops in
// between. It is safe for concurrent use; the zero values of all fields but
// Protocol are filled with defaults.
//
// Each object is hashed as it passes. Where hashing takes much of the time, and few
// objects are in flight, those of 16 MiB and more are hashed in a second
// goroutine, for which an object takes 1 MiB of buffers, and all of them together
// 4 MiB at most.
type Uploader struct {
	Protocol Protocol
	// RawLimit is the largest object, in bytes, that is sent in one request
	// without a session; default 5 MiB, negative for none. What is in such
	// requests at once is bounded besides, since a process that dies loses it
	// whole: to what the line moves in two seconds, and to an eighth of what it
	// has moved. Objects beyond that go in sessions.
	RawLimit int64
	// ChunkSize is the length of each segment but the last, in bytes: a multiple
	// of 256 KiB in Google's media upload protocol. OneChunk sends all that
	// remains in one segment. 0 leaves the lengths to Sizing.
	ChunkSize int64
	Sizing    Sizing
	Retry     Retry
	// OnWait, if not nil, is called before each wait longer than a second.
	OnWait func(reason error, until time.Time)

	stake    stake
	inFlight atomic.Int64 // uploads
}

// OneChunk is the ChunkSize that sends the whole object in one segment.
const OneChunk int64 = -1

// maxRestarts is how often one upload begins a new session because the last was
// lost: each may send the whole object again, and a server that loses every
// session, or every result, loses the next one too.
const maxRestarts = 1

// LogValue keeps the secret out of logs.
func (c Checkpoint) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("session", c.Session), slog.Int64("confirmed", c.Confirmed), slog.Int64("size", c.Size))
}

// Result is a finished upload.
type Result struct {
	// Response is what the server returned for the object: a resource in JSON, or
	// an upload token, which is a credential.
	Response    string
	Status      int    // HTTP status of the final answer; 0 if the protocol does not tell
	Size        int64  // bytes
	ResumedFrom int64  // bytes that the server held when the upload was resumed; 0 if it was begun anew
	SHA256      string // of the bytes in order, lower-case hex; "" if the Job's Checksum is another, or the upload was resumed without hash state or a source to complete it
	Checksum    []byte // of the Job's kind; nil if unknown
	Verified    bool   // Checksum is the one that the server named
}

// LogValue keeps the secret out of logs.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("size", r.Size), slog.String("sha256", r.SHA256))
}

// Upload uploads one object with the default settings.
func Upload(ctx context.Context, p Protocol, job Job) (Result, error) {
	u := Uploader{Protocol: p}
	return u.Upload(ctx, job)
}

// Upload uploads one object. It returns the first failure that is not to be
// retried, or the last one when the attempts of Retry are used up: *SourceError,
// *StatusError, *ProtocolError, *ChecksumError, an error of the network, Save's
// error, or the cause of ctx. The last saved checkpoint then still holds. What
// cannot be uploaded is refused before any request with ErrOffset,
// ErrGranularity, ErrUnsupported or ErrCheckpoint.
func (u *Uploader) Upload(ctx context.Context, job Job) (Result, error) {
	if err := errors.Join(job.check(), u.check(job)); err != nil {
		return Result{}, err
	}
	u.inFlight.Add(1)
	defer u.inFlight.Add(-1)
	t := newTransfer(u, job)
	defer t.close()
	u.stake.begin()
	defer u.stake.end()
	state, err := t.run(ctx)
	if err != nil {
		return Result{}, err
	}
	return t.finish(ctx, state)
}

// check returns ErrGranularity for a chunk size that the protocol does not take.
func (u *Uploader) check(job Job) error {
	r := rulesOf(u.Protocol)
	switch n := u.ChunkSize; {
	case r.single == always || n == 0 || n == OneChunk && job.Media.Size != Unknown:
		return nil
	case n == OneChunk:
		return fmt.Errorf("%w: one chunk for an object of unknown size", ErrUnsupported)
	case n < 0 || r.unit > 0 && n%r.unit != 0:
		return fmt.Errorf("%w: chunk size %d is not a positive multiple of %d", ErrGranularity, n, max(r.unit, 1))
	}
	return nil
}

func (u *Uploader) sizing() Sizing {
	switch n := u.ChunkSize; {
	case n == OneChunk:
		return Sizing{Target: time.Hour, First: maxChunk, Min: maxChunk, Max: maxChunk}
	case n > 0:
		return Sizing{Target: time.Hour, First: n, Min: n, Max: n}
	}
	return u.Sizing.withDefaults()
}

const maxChunk = 1 << 60 // bytes

func (u *Uploader) rawLimit() int64 { return cmp.Or(u.RawLimit, 5*mib) }
