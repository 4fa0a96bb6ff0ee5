package resumable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Job is one object to be uploaded. [FromReaderAt], [FromReadSeeker] and
// [FromReader] make the Job of a source; set what else it needs before Upload.
type Job struct {
	Media Media
	Open  Opener
	// Unpinned says that Open cannot tell whether the object has changed since
	// it was opened before. It is then opened at its beginning only, and what is
	// read again is compared with what was read before; ErrSourceChanged ends the
	// upload if it differs.
	Unpinned bool
	// Once says that Open yields each byte once only. The chunk that is being
	// sent is then kept in memory, so that it can be sent again; what precedes it
	// cannot, and ErrNotRewindable ends an upload that needs it. An object of
	// Unknown size is sent in the same way.
	Once bool
	// Checksum is computed of the bytes, and compared with the server's if its
	// final answer names one.
	Checksum Checksum
	// From is where an earlier upload of the same bytes stopped, or nil.
	From *Checkpoint
	// Recheck reads again what From says was read before, and compares it;
	// ErrSourceChanged ends the upload if it differs.
	Recheck bool
	// Save, if not nil, stores a checkpoint; when it returns nil the checkpoint
	// survives a crash. It is called before the first byte of a session, after
	// each confirmed segment, and within a segment every three seconds and every
	// 32 MiB. Its failure ends the upload.
	Save func(ctx context.Context, c Checkpoint) error
	// Progress, if not nil, is called after each answer with the bytes that the
	// server has confirmed, and the size or Unknown. The count falls when the
	// server has lost bytes or a lost session is begun anew. It must be quick.
	Progress func(confirmed, size int64)
	// Sent, if not nil, is called with the number of bytes handed to the network;
	// Resent with those among them that had been sent before. Both must be quick.
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

// check returns what is wrong with a Job before anything is sent.
func (j Job) check() error {
	switch {
	case j.Media.Size < Unknown:
		return fmt.Errorf("%w: size %d", ErrOffset, j.Media.Size)
	case j.Open == nil:
		return &SourceError{errors.New("job has no Open")}
	case j.From == nil:
		return nil
	case j.Media.Size != Unknown && j.From.Size != Unknown && j.From.Size != j.Media.Size:
		return fmt.Errorf("%w: %w: checkpoint is of %d bytes, object has %d", ErrCheckpoint, ErrOffset, j.From.Size, j.Media.Size)
	case !isURL(j.From.Session.URL) || j.From.Size < Unknown || j.From.HashAt < 0:
		return fmt.Errorf("%w: its session has no URL, or it has a negative size", ErrCheckpoint)
	case j.From.Confirmed < 0 || j.Media.Size != Unknown && j.From.Confirmed > j.Media.Size:
		return fmt.Errorf("%w: %w: %d bytes confirmed of %d", ErrCheckpoint, ErrOffset, j.From.Confirmed, j.Media.Size)
	}
	return nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != ""
}

// FromReaderAt returns the Job of the first size bytes of r. A source that has
// fewer bytes, or more, fails with ErrSourceChanged.
func FromReaderAt(r io.ReaderAt, size int64) Job {
	open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
		// One byte more is within reach, so that a source that grows shows.
		return exactly(io.NewSectionReader(r, offset, size-offset+1), size-offset), nil
	}
	return Job{Media: Media{Size: size}, Open: open}
}

// FromReadSeeker returns the Job of r from its present position to its end. The
// size is measured by seeking. Nothing else may use r meanwhile.
func FromReadSeeker(r io.ReadSeeker) (Job, error) {
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return Job{}, &SourceError{err}
	}
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return Job{}, &SourceError{err}
	}
	size := end - start
	if size < 0 {
		return Job{}, &SourceError{fmt.Errorf("position %d is beyond the end", start)}
	}
	open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
		if _, err := r.Seek(start+offset, io.SeekStart); err != nil {
			return nil, err
		}
		return exactly(r, size-offset), nil
	}
	return Job{Media: Media{Size: size}, Open: open}, nil
}

// FromReader returns the Job of all that r yields, of Unknown size. If the size
// is known after all, set Job.Media.Size. A Read that waits cannot be ended: it
// outlives a cancelled Upload.
func FromReader(r io.Reader) Job {
	taken := false
	open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
		if taken || offset != 0 {
			return nil, ErrNotRewindable
		}
		taken = true
		return io.NopCloser(r), nil
	}
	return Job{Media: Media{Size: Unknown}, Open: open, Once: true}
}

// exactReader yields size bytes and fails if there are fewer or more.
type exactReader struct {
	r    io.Reader
	left int64
}

func exactly(r io.Reader, size int64) io.ReadCloser {
	return io.NopCloser(&exactReader{r, size})
}

// Read holds the last bytes back until it is clear that they are the last.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, e.end()
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	switch e.left -= int64(n); {
	case err == io.EOF && e.left > 0:
		return n, fmt.Errorf("%w: it ends %d bytes early", ErrSourceChanged, e.left)
	case err != nil && err != io.EOF || n == 0:
		return n, err
	case e.left > 0:
		return n, nil
	}
	if err := e.end(); err != io.EOF {
		return 0, err
	}
	return n, nil
}

// end returns io.EOF if the source ends here.
func (e *exactReader) end() error {
	var more [1]byte
	for range 100 {
		switch n, err := e.r.Read(more[:]); {
		case n > 0:
			return fmt.Errorf("%w: it has more bytes than its size", ErrSourceChanged)
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

// Checkpoint is what another process needs to continue an upload. It is plain
// data: encode it with encoding/json or any other encoding. Session.URL is a
// credential.
type Checkpoint struct {
	Session   Session
	StartedAt time.Time // UTC
	Size      int64     // bytes of the object, or Unknown
	Confirmed int64     // bytes the server holds
	HashAt    int64     // bytes that HashState covers; may be more or less than Confirmed
	HashState []byte    // marshalled hash of the Job's Checksum
}
