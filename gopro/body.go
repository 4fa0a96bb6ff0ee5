package gopro

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

const (
	// firstByteTimeout bounds the wait for an answer: some objects lie in slow
	// storage.
	firstByteTimeout = 2 * time.Minute
	// stallTimeout bounds the wait for the next byte.
	stallTimeout = time.Minute
)

// errStalled is the cause with which a watchdog ends a request.
var errStalled = errors.New("nothing came for too long")

// watchdog ends a request that nothing comes from. There is no limit on the
// whole: a slow line may take a day.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// watch returns a watchdog, not armed yet, and the context it ends.
func watch(ctx context.Context) (*watchdog, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := time.AfterFunc(firstByteTimeout, func() { cancel(errStalled) })
	t.Stop()
	return &watchdog{ctx, cancel, t}, ctx
}

func (w *watchdog) arm(d time.Duration) { w.timer.Reset(d) }
func (w *watchdog) disarm()             { w.timer.Stop() }

// stop releases the watchdog and ends the request.
func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// fault says why a request failed.
func (w *watchdog) fault(op string, err error) error {
	if errors.Is(context.Cause(w.ctx), errStalled) {
		return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: op, Err: errStalled}
	}
	return netFault(w.ctx, op, err)
}

// body reads exactly what was promised, or fails. One goroutine reads at a time;
// Close may be called while it does.
type body struct {
	from  io.ReadCloser
	left  int64 // bytes
	op    string
	watch *watchdog
	done  func()
}

// Read fails with a Transient fault, io.ErrUnexpectedEOF in it if the connection
// was closed early.
func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	b.watch.arm(stallTimeout)
	n, err := b.from.Read(p)
	b.watch.disarm()
	b.left -= int64(n)
	switch {
	case b.left == 0:
		b.done()
		return n, nil
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
		fallthrough
	case err != nil:
		return n, b.watch.fault(b.op, err)
	}
	return n, nil
}

// Close releases the connection.
func (b *body) Close() error {
	err := b.from.Close()
	b.watch.stop()
	return err
}
