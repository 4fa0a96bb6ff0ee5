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
// Each object is hashed with SHA-256 as it passes. While few are in flight, those
// of 16 MiB and more are hashed in a second goroutine, for which an object takes
// 1 MiB of buffers, and all of them together 4 MiB at most.
type Uploader struct {
	Protocol Protocol
	// RawLimit is the largest object, in bytes, that is sent in one request
	// without a session; default 5 MiB, negative for none. What is in such
	// requests at once is bounded besides, since a process that dies loses it
	// whole: to what the line moves in two seconds, and to an eighth of what it
	// has moved. Objects beyond that go in sessions.
	RawLimit int64
	Sizing   Sizing
	// Attempts is how many failures in a row, without a byte confirmed between
	// them, end an upload; default 8.
	Attempts int
	// OnWait, if not nil, is told before every wait longer than a second.
	OnWait func(reason error, until time.Time)

	stake    stake
	inFlight atomic.Int64 // uploads
}

// maxRestarts is how often one upload begins a new session because the last was
// lost: each may send the whole object again, and a server that loses every
// session, or every result, loses the next one too.
const maxRestarts = 1

// Job is one object to be uploaded.
type Job struct {
	Media Media
	Open  Opener
	// Unpinned says that Open cannot tell whether the object has changed since
	// it was opened before. It is then opened at its beginning only, and what is
	// read again is compared with what was read before; ErrSourceChanged ends the
	// upload if it differs.
	Unpinned bool
	// From is where an earlier upload of the same bytes stopped, or nil.
	From *Checkpoint
	// Save, if not nil, stores a checkpoint; when it returns nil the checkpoint
	// survives a crash. It is called before the first byte of a session, after
	// each confirmed segment, and within a segment every three seconds and every
	// 32 MiB. Its failure ends the upload.
	Save func(ctx context.Context, c Checkpoint) error
	// Sent, if not nil, is told of bytes handed to the network; Resent of
	// those among them that had been sent before. Both must be quick.
	Sent, Resent func(n int64)
	// SentBefore is how many bytes of the object were sent by earlier uploads
	// that From does not continue.
	SentBefore int64
	// Judge, if not nil, decides what a failure means; nil stands for Judge,
	// the function. Source failures arrive as *SourceError. Refused segments
	// that it would not retry are tried once more if the server's offset may
	// have been mistaken.
	Judge func(err error) Verdict
}

// Verdict is what to do about a failure.
type Verdict struct {
	Retry bool
	After time.Duration // least wait before; 0 for none
}

// Judge retries failures of the network and the source, answers that make no
// sense, and refusals that are Temporary.
func Judge(err error) Verdict {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return Verdict{e.Temporary(), e.RetryAfter}
	}
	return Verdict{Retry: !errors.Is(err, context.Canceled) && !errors.Is(err, ErrSourceChanged)}
}

// Checkpoint is what another process needs to continue an upload.
// Session.URL is a credential.
type Checkpoint struct {
	Session   Session
	StartedAt time.Time // UTC
	Size      int64     // bytes of the object
	Confirmed int64     // bytes the server holds
	HashAt    int64     // bytes that HashState covers; may be more or less than Confirmed
	HashState []byte    // marshalled SHA-256
}

// LogValue keeps the secret out of logs.
func (c Checkpoint) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("session", c.Session), slog.Int64("confirmed", c.Confirmed), slog.Int64("size", c.Size))
}

// Result is a finished upload.
type Result struct {
	Token  string // what the server returned for the object; a credential
	Size   int64  // bytes
	SHA256 string // of the bytes in order, lower-case hex; "" if the upload was resumed without hash state or a source to complete it
}

// LogValue keeps the secret out of logs.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("size", r.Size), slog.String("sha256", r.SHA256))
}

// Upload carries one object. It returns the first failure that it is told not
// to retry, or the last one when Attempts are used up: *SourceError,
// *StatusError, *ProtocolError, what the network said, Save's error, or the
// cause of ctx. The last saved checkpoint then still holds.
func (u *Uploader) Upload(ctx context.Context, job Job) (Result, error) {
	if job.Media.Size < 0 {
		return Result{}, fmt.Errorf("%w: size %d", ErrOffset, job.Media.Size)
	}
	if job.From != nil && job.From.Size != job.Media.Size {
		return Result{}, fmt.Errorf("%w: checkpoint is of %d bytes, object has %d", ErrOffset, job.From.Size, job.Media.Size)
	}
	u.inFlight.Add(1)
	defer u.inFlight.Add(-1)
	t := newTransfer(u, job)
	defer t.src.interrupt()
	u.stake.begin()
	defer u.stake.end()
	token, err := t.run(ctx)
	if err != nil {
		return Result{}, err
	}
	return Result{Token: token, Size: job.Media.Size, SHA256: t.digest(ctx)}, nil
}

func (u *Uploader) rawLimit() int64 { return cmp.Or(u.RawLimit, 5*mib) }

func (u *Uploader) attempts() int {
	if u.Attempts <= 0 {
		return 8
	}
	return u.Attempts
}
