package resumable

import (
	"context"
	"fmt"
	"io"
)

// position brings source and hash to the confirmed offset.
func (t *transfer) position(ctx context.Context) error {
	if t.confirmed == t.total && t.hash.at == t.confirmed {
		return nil // nothing is left to read
	}
	return t.readTo(ctx, t.confirmed)
}

// readTo brings the source to an offset, and there the hash as well, for which
// at most a segment has to be read, or from the beginning if the source is only
// opened there.
func (t *transfer) readTo(ctx context.Context, end int64) error {
	at := end
	if t.hash.h != nil && t.hash.at < at {
		at = t.hash.at
	}
	if err := t.src.seek(ctx, at); err != nil {
		return err
	}
	buf := make([]byte, min(64<<10, end-t.src.at))
	for t.src.at < end {
		at := t.src.at
		n, err := t.src.read(ctx, buf[:min(int64(len(buf)), end-at)])
		if err == nil {
			err = t.hash.write(buf[:n], at)
		}
		if err != nil {
			return &SourceError{err}
		}
	}
	return nil
}

// digest brings the hash to the end of the finished upload. What an earlier
// process sent, and did not live to put into the hash, is read again; should
// that fail, the upload has succeeded all the same, with its digest unknown.
func (t *transfer) digest(ctx context.Context) {
	if t.hash.h != nil && t.hash.at < t.total {
		_ = t.readTo(ctx, t.total)
	}
}

// recheck reads again what an earlier process has read, and compares it.
func (t *transfer) recheck(ctx context.Context) error {
	if t.job.From == nil || !t.job.Recheck || t.job.Checksum == NoChecksum {
		return nil
	}
	if t.hash.h == nil {
		t.hash = newDigest(t.job.Checksum, t.beside)
	}
	t.hash.rewind()
	end := max(t.hash.at, t.confirmed)
	switch got, err := t.scan(ctx, 0, end); {
	case err != nil:
		return err
	case got < end:
		return &SourceError{fmt.Errorf("%w: it ends at %d, %d bytes were read before", ErrSourceChanged, got, end)}
	}
	return nil
}

// measure reads the source to its end for its size.
func (t *transfer) measure(ctx context.Context) (err error) {
	from := t.hash.at
	if t.hash.h == nil {
		from = t.confirmed
	}
	t.total, err = t.scan(ctx, from, Unknown)
	return err
}

// scan reads the source from one offset to another, or to its end, for the hash.
// It returns the offset at which it ended.
func (t *transfer) scan(ctx context.Context, at, end int64) (int64, error) {
	body, err := t.job.Open(ctx, at)
	if err != nil {
		return at, &SourceError{err}
	}
	defer body.Close()
	buf := make([]byte, 256<<10)
	for end == Unknown || at < end {
		p := buf
		if end != Unknown {
			p = buf[:min(int64(len(buf)), end-at)]
		}
		n, err := body.Read(p)
		if changed := t.hash.write(p[:n], at); changed != nil {
			return at, &SourceError{changed}
		}
		switch at += int64(n); {
		case err == io.EOF:
			return at, nil
		case err != nil:
			return at, &SourceError{err}
		case ctx.Err() != nil:
			return at, context.Cause(ctx)
		}
	}
	return at, nil
}
