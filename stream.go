package gondola

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
)

// stream opens one item for one upload, and mends what breaks: a source that
// drops in the middle is opened again at the byte where it dropped, so that the
// destination reads on in the same request. All openings are pinned to the
// version of the first.
type stream struct {
	source  Source
	item    media.Item
	version string // of the bytes the upload began with; "" before the first opening
	policy  retry.Policy
	limit   Limiter
	metrics *Metrics
}

// open is a media.Opener.
func (s *stream) open(ctx context.Context, offset int64) (*media.Content, error) {
	content, err := s.openOnce(ctx, offset)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s.metrics.opened()
	content.Body = &mendingReader{
		ctx: ctx, cancel: cancel, stream: s,
		body: content.Body, offset: offset, size: content.Size,
	}
	return content, nil
}

func (s *stream) openOnce(ctx context.Context, offset int64) (content *media.Content, err error) {
	err = retry.Do(ctx, s.policy, func(ctx context.Context) (err error) {
		content, err = s.source.Open(ctx, s.item, offset, s.version)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.version == "" {
		s.version = content.Version
	}
	return content, nil
}

// mendingReader reads an item from an offset to its end over as many
// connections as it takes.
type mendingReader struct {
	ctx    context.Context // of the opening; cancelled by Close
	cancel context.CancelFunc
	stream *stream
	body   io.ReadCloser
	offset int64 // of the next byte
	size   int64
	drop   error // why body ended early; the next Read mends it
	closed atomic.Bool
}

// smallestPaced keeps a paced read short, so that the pace is smooth.
const smallestPaced = 64 << 10

func (r *mendingReader) Read(p []byte) (int, error) {
	if r.stream.limit != nil && len(p) > smallestPaced {
		p = p[:smallestPaced]
	}
	for {
		if r.ctx.Err() != nil {
			return 0, context.Cause(r.ctx)
		}
		if r.drop != nil {
			if err := r.mend(); err != nil {
				return 0, err
			}
		}
		n, err := r.body.Read(p)
		r.offset += int64(n)
		if err != nil && (err != io.EOF || r.offset < r.size) {
			r.drop, err = r.explain(err), nil
		}
		if n == 0 && err == nil {
			continue
		}
		return n, r.pass(n, err)
	}
}

// pass counts and paces n bytes.
func (r *mendingReader) pass(n int, err error) error {
	r.stream.metrics.read(n)
	if r.stream.limit != nil && n > 0 {
		if paceErr := r.stream.limit.WaitN(r.ctx, n); paceErr != nil {
			return paceErr
		}
	}
	return err
}

func (r *mendingReader) explain(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %s at byte %d of %d: %w", r.stream.item.Name, r.offset, r.size, err)
}

// mend opens the item again where it dropped.
func (r *mendingReader) mend() error {
	if r.ctx.Err() != nil || media.ClassOf(r.drop) != media.Transient {
		return r.drop
	}
	r.body.Close()
	content, err := r.stream.openOnce(r.ctx, r.offset)
	if err != nil {
		return err
	}
	if content.Size != r.size {
		content.Body.Close()
		return &media.Fault{
			Class: media.ItemFault, Code: media.CodeChanged,
			Op: fmt.Sprintf("read %s: it has %d bytes now and had %d", r.stream.item.Name, content.Size, r.size),
		}
	}
	r.body, r.drop = content.Body, nil
	return nil
}

// Close ends the reading, also one that waits for the source.
func (r *mendingReader) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	r.cancel()
	r.stream.metrics.closed()
	return r.body.Close()
}

// changed reports whether the source's bytes are no longer those that were
// begun, so that the upload has to begin anew.
func changed(err error) bool {
	f, ok := errors.AsType[*media.Fault](err)
	return ok && f.Code == media.CodeChanged
}

// mendPolicy is how long a dropped source is waited for within one request.
func mendPolicy(onWait func(media.Wait)) retry.Policy {
	return retry.Policy{Base: time.Second, Max: 15 * time.Second, Attempts: 6, Budget: time.Minute, OnWait: onWait}
}
