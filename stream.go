package gondola

import (
	"context"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// stream opens one item for one upload, as often as the destination asks: all
// openings are pinned to the version of the first.
type stream struct {
	source  station.Source
	item    media.Item
	version string // of the bytes the upload began with; "" before the first opening
	onWait  func(fault.Wait)
	failed  func(error) // told of each failure
	opened  bool
	limits  []Limiter // every byte passes all of them: what is read is sent at once
	metrics *Metrics
}

// openPolicy is how long an item is tried that does not open. It is for the
// first opening: while it uploads, the destination asks again by itself.
func (s *stream) openPolicy() retry.Policy {
	p := retry.Policy{Base: 2 * time.Second, Max: 15 * time.Second, Attempts: 4, Budget: time.Minute, OnWait: s.onWait}
	if s.opened {
		p.Attempts = 1
	}
	return p
}

// open is a station.Opener.
func (s *stream) open(ctx context.Context, offset int64) (content *station.Content, err error) {
	err = retry.Do(ctx, s.openPolicy(), func(ctx context.Context) (err error) {
		if content, err = s.source.Open(ctx, s.item, offset, s.version); err != nil {
			s.failed(err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.version == "" {
		s.version = content.Version
	}
	s.opened = true
	ctx, cancel := context.WithCancel(ctx)
	content.Body = &countedBody{ReadCloser: content.Body, ctx: ctx, cancel: cancel, stream: s}
	s.metrics.opened()
	return content, nil
}

// countedBody counts and paces what is read.
type countedBody struct {
	io.ReadCloser
	ctx    context.Context // of the opening; ends with Close
	cancel context.CancelFunc
	stream *stream
	closed atomic.Bool
}

// longestPaced keeps a paced read short, in bytes, so that the pace is smooth.
const longestPaced = 64 << 10

// piece is how much may be read at once.
func (s *stream) piece() int {
	if len(s.limits) == 0 {
		return math.MaxInt
	}
	n := longestPaced
	for _, limit := range s.limits {
		n = min(n, max(limit.Piece(), 1)) // a read of nothing would never end
	}
	return n
}

func (b *countedBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	p = p[:min(len(p), b.stream.piece())]
	n, err := b.ReadCloser.Read(p)
	b.stream.metrics.read(n)
	for _, limit := range b.stream.limits {
		if paceErr := limit.WaitN(b.ctx, n); paceErr != nil {
			return n, paceErr
		}
	}
	return n, err
}

// Close ends the reading, also one that waits for its turn.
func (b *countedBody) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.cancel()
	b.stream.metrics.closed()
	return b.ReadCloser.Close()
}
