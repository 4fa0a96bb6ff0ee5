package resumable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

const (
	maxAnswer = 1 << 20 // bytes of an answer's body that are read

	defaultStall  = 60 * time.Second
	defaultAnswer = 120 * time.Second
)

// Timeouts bound one request by what moves, not by how long it takes. Zero
// fields are filled with defaults.
type Timeouts struct {
	Stall  time.Duration // without a byte taken by the network; default 60 s
	Answer time.Duration // from the last byte sent to the answer; default 120 s
	// Request is the most that a request may take, that of a chunk included;
	// default none: it would have to know the line.
	Request time.Duration
}

func (t Timeouts) withDefaults() Timeouts {
	if t.Stall <= 0 {
		t.Stall = defaultStall
	}
	if t.Answer <= 0 {
		t.Answer = defaultAnswer
	}
	return t
}

// errDeadline is the cause of a request that took longer than Timeouts.Request.
var errDeadline = fmt.Errorf("%w: request took too long", ErrStalled)

// request is one request of an upload protocol.
type request struct {
	command string
	url     string
	header  http.Header
	body    io.Reader
	length  int64  // bytes of body to send; Unknown: all of it
	method  string // "" for POST
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends r once and reads the answer. When it returns, r.body is not
// read any more. The failures are *SourceError, the cause of ctx, and whatever
// the network said, without URL; an answer with an error status is no failure.
func exchange(ctx context.Context, client *http.Client, timeouts Timeouts, r request) (answer, error) {
	reqCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timeouts = timeouts.withDefaults()
	watch := newWatchdog(timeouts, r.length, func() { cancel(ErrStalled) })
	defer watch.stop()
	if timeouts.Request > 0 {
		defer time.AfterFunc(timeouts.Request, func() { cancel(errDeadline) }).Stop()
	}

	out := newOutgoing(r, watch)
	req, err := newRequest(reqCtx, r, out)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", r.command, withoutURL(err))
	}
	// The transport waits for its Read of the body before it gives up.
	stop := context.AfterFunc(reqCtx, out.interrupt)
	defer stop()
	a, err := roundTrip(client, req, watch)
	if err != nil || out.pending() {
		cancel(nil)
	}
	if !out.detach(ctx) {
		return answer{}, context.Cause(ctx)
	}
	return outcome(ctx, reqCtx, r.command, out, a, err)
}

// outcome says what became of a request whose body is not read any more.
func outcome(ctx, reqCtx context.Context, command string, out *outgoing, a answer, err error) (answer, error) {
	switch {
	case err == nil && a.status/100 == 2 && out.left > 0:
		return answer{}, &ProtocolError{Command: command, Reason: fmt.Sprintf("answered HTTP %d before all bytes were sent", a.status)}
	case err == nil:
		return a, nil
	case ctx.Err() != nil:
		return answer{}, context.Cause(ctx)
	case out.err != nil:
		return answer{}, &SourceError{out.err}
	case errors.Is(context.Cause(reqCtx), ErrStalled) && out.starved:
		return answer{}, &SourceError{ErrStalled}
	case errors.Is(context.Cause(reqCtx), ErrStalled):
		return answer{}, fmt.Errorf("%s: %w", command, context.Cause(reqCtx))
	}
	return answer{}, fmt.Errorf("%s: %w", command, withoutURL(err))
}

// newRequest leaves GetBody nil, so that net/http cannot send anything twice.
func newRequest(ctx context.Context, r request, out *outgoing) (*http.Request, error) {
	var body io.Reader = http.NoBody // any other empty body would be sent chunked
	if r.length != 0 {
		body = out
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.method, http.MethodPost), r.url, body)
	if err != nil {
		return nil, err
	}
	req.Header = r.header
	req.ContentLength = r.length // -1 goes out chunked
	return req, nil
}

func roundTrip(client *http.Client, req *http.Request, watch *watchdog) (answer, error) {
	alone := *client
	alone.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := alone.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	watch.answering()
	body, err := jsonlimit.Read(resp.Body, maxAnswer)
	if errors.Is(err, jsonlimit.ErrTooLarge) {
		err = nil // its beginning will do
	}
	if err != nil && resp.StatusCode/100 == 2 {
		return answer{}, err // what is missing may be the result
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// watchdog calls bark when a request stops moving.
type watchdog struct {
	t     Timeouts
	bark  func()
	born  time.Time
	until atomic.Int64 // since born: when it barks unless something moves

	mu    sync.Mutex // guards timer
	timer *time.Timer
}

func newWatchdog(t Timeouts, length int64, bark func()) *watchdog {
	first := t.Stall
	if length == 0 {
		first = t.Answer
	}
	w := &watchdog{t: t, bark: bark, born: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until.Store(int64(first))
	w.timer = time.AfterFunc(first, w.look)
	return w
}

// look barks, or looks again when that may be due.
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch left := time.Duration(w.until.Load()) - time.Since(w.born); {
	case w.timer == nil: // stopped
	case left > 0:
		w.timer.Reset(left)
	default:
		w.bark()
	}
}

// moved puts the end off. It leaves the timer alone, which then looks too early:
// to set it for each piece would cost more than all else that a piece costs here.
func (w *watchdog) moved() { w.until.Store(int64(time.Since(w.born) + w.t.Stall)) }

func (w *watchdog) sent()      { w.within(w.t.Answer) }
func (w *watchdog) answering() { w.within(w.t.Stall) }

func (w *watchdog) within(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.until.Store(int64(time.Since(w.born) + d))
		w.timer.Reset(d)
	}
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.timer = nil
}

var errDetached = errors.New("request has ended")

// outgoing is a request body of exact length that can be taken away from a
// transport that may still be reading it.
type outgoing struct {
	r     io.Reader
	watch *watchdog
	turn  chan struct{} // full while r is being read, and for good once detached
	gone  chan struct{} // closed when the request has ended
	end   sync.Once

	left    int64 // bytes still to be read; this and what follows are used by the holder of turn only
	open    bool  // the length is unknown: io.EOF ends it
	err     error // of r
	starved bool  // the last Read had to be interrupted

	unread atomic.Int64 // left, for all goroutines
}

func newOutgoing(r request, watch *watchdog) *outgoing {
	o := &outgoing{r: r.body, watch: watch, left: r.length, turn: make(chan struct{}, 1), gone: make(chan struct{})}
	if r.length == Unknown {
		o.left, o.open = math.MaxInt64, true
	}
	o.unread.Store(o.left)
	return o
}

// Read reads from the source.
func (o *outgoing) Read(p []byte) (int, error) {
	select {
	case o.turn <- struct{}{}:
	case <-o.gone:
		return 0, errDetached
	}
	defer func() { <-o.turn }()
	if o.left == 0 {
		return 0, io.EOF
	}
	n, err := o.r.Read(p[:min(int64(len(p)), o.left)])
	o.left -= int64(n)
	if o.open && err == io.EOF {
		o.left = 0
	}
	o.unread.Store(o.left)
	switch {
	case o.left == 0:
		o.watch.sent()
		return n, nil // the next Read ends it
	case n > 0:
		o.watch.moved()
	}
	return n, o.judge(err)
}

// judge keeps the source's failure. One that comes after the request ended is
// the echo of closing the source.
func (o *outgoing) judge(err error) error {
	if err == nil {
		return nil
	}
	select {
	case <-o.gone:
		o.starved = true
		return errDetached
	default:
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	o.err = err
	return err
}

// Close is called by the transport when it needs no more of the body.
func (o *outgoing) Close() error {
	o.interrupt()
	return nil
}

func (o *outgoing) pending() bool { return o.unread.Load() > 0 }

// interrupt ends the reading of the source. A source that was read to the end
// of the segment stays open.
func (o *outgoing) interrupt() {
	o.end.Do(func() {
		close(o.gone)
		if c, ok := o.r.(io.Closer); ok && o.pending() {
			c.Close()
		}
	})
}

// detach interrupts, and waits until the source is not read any more. It reports false
// if ctx ends first.
func (o *outgoing) detach(ctx context.Context) bool {
	o.interrupt()
	select {
	case o.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
