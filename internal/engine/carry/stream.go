package carry

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// stream opens one item for one upload, as often as the destination asks: all
// openings are pinned to the version of the first.
type stream struct {
	source   station.Source
	item     media.Item
	version  string // of the bytes the upload began with; "" before the first opening
	onWait   func(fault.Wait)
	slot     *flow.Slot
	opened   bool
	limits   *flow.Limits
	transfer *monitor.Transfer
}

// policy is how long an item is tried that does not open. It is for the first
// opening: while it uploads, the destination asks again by itself.
func (s *stream) policy() retry.Policy {
	p := retry.Policy{Base: 2 * time.Second, Max: 15 * time.Second, Attempts: mostOpenings, Budget: openingsBudget, OnWait: s.onWait}
	if s.opened {
		p.Attempts = 1
	}
	return p
}

// open is a station.Opener.
func (s *stream) open(ctx context.Context, offset int64) (content *station.Content, err error) {
	err = retry.Do(ctx, s.policy(), func(ctx context.Context) (err error) {
		if content, err = s.source.Open(ctx, s.item, offset, s.version); err != nil {
			s.slot.Failed(err)
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
	content.Body = &body{ReadCloser: content.Body, ctx: ctx, cancel: cancel, stream: s}
	s.transfer.Opened()
	return content, nil
}

// body counts and paces what is read of an opening.
type body struct {
	io.ReadCloser
	ctx    context.Context // of the opening; ends with Close
	cancel context.CancelFunc
	stream *stream
	closed atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	p = p[:min(len(p), b.stream.limits.Piece())]
	n, err := b.ReadCloser.Read(p)
	b.stream.transfer.Read(n)
	if paceErr := b.stream.limits.WaitN(b.ctx, n); paceErr != nil {
		return n, paceErr
	}
	return n, err
}

// Close ends the reading, also one that waits for its turn.
func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.cancel()
	b.stream.transfer.Closed()
	return b.ReadCloser.Close()
}
