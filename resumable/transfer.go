package resumable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// transfer is one Upload in progress.
type transfer struct {
	u     *Uploader
	job   Job
	judge func(error) Verdict
	src   *source
	hash  *digest
	plan  *planner

	session   Session // zero: none
	startedAt time.Time
	savedAt   time.Time
	savedHash int64  // bytes that the hash on record covers
	confirmed int64  // bytes the server holds, as far as is known
	best      int64  // most of it in this session
	sent      int64  // bytes ever sent, up to the furthest
	failures  int    // in a row, without progress
	refusedAt int64  // offset at which a segment was refused last
	told      string // result in an answer that did not say whether the session is finished
	waits     *backoff.ExponentialBackOff
}

func newTransfer(u *Uploader, job Job) *transfer {
	t := &transfer{
		u:         u,
		job:       job,
		judge:     job.Judge,
		plan:      newPlanner(u.Sizing.withDefaults()),
		sent:      job.SentBefore,
		refusedAt: -1,
		waits:     newBackoff(),
	}
	if t.judge == nil {
		t.judge = Judge
	}
	t.hash = newDigest(t.beside)
	t.src = &source{
		open: job.Open, size: job.Media.Size, whole: job.Unpinned, began: func() { t.hash.rewind() },
		judge: func(err error) Verdict { return t.judge(&SourceError{err}) },
	}
	if c := job.From; c != nil {
		t.session, t.startedAt, t.confirmed, t.best = c.Session, c.StartedAt, c.Confirmed, c.Confirmed
		t.hash, t.savedHash = resumeDigest(c.HashState, c.HashAt, t.beside), c.HashAt
		t.sent = max(t.sent, c.Confirmed, c.HashAt)
	}
	return t
}

// beside reports whether to hash in a goroutine of its own.
func (t *transfer) beside() bool {
	return t.job.Media.Size >= worthBeside && besidePays(int(t.u.inFlight.Load()))
}

// run uploads the object, in as many sessions as it takes.
func (t *transfer) run(ctx context.Context) (string, error) {
	for restarts := 0; ; restarts++ {
		result, err := t.attempt(ctx)
		if err == nil || !isLost(err) || restarts == maxRestarts {
			return result, err
		}
		t.session = Session{}
		t.confirmed, t.best, t.refusedAt, t.told = 0, 0, -1, ""
		if t.hash.h == nil { // this time every byte passes
			t.hash = newDigest(t.beside)
		}
	}
}

func isLost(err error) bool {
	return errors.Is(err, ErrSessionLost) || errors.Is(err, ErrFinal)
}

func (t *transfer) attempt(ctx context.Context) (string, error) {
	if t.session.URL != "" {
		state, err := t.resync(ctx)
		if err != nil || state.Final {
			return state.Result, err
		}
		return t.segments(ctx)
	}
	if size := t.job.Media.Size; size <= t.u.rawLimit() && t.u.stake.put(size) {
		defer t.u.stake.take(size)
		return t.raw(ctx)
	}
	if err := t.start(ctx); err != nil {
		return "", err
	}
	return t.segments(ctx)
}

func (t *transfer) raw(ctx context.Context) (string, error) {
	for {
		err := t.src.seek(ctx, 0)
		if err == nil {
			var result string
			if result, err = t.u.Protocol.Raw(ctx, t.job.Media, t.passage(ctx)); err == nil {
				t.u.stake.confirmed(t.job.Media.Size)
				return result, nil
			}
		}
		if err := t.pause(ctx, err); err != nil {
			return "", err
		}
	}
}

func (t *transfer) start(ctx context.Context) error {
	for {
		s, err := t.u.Protocol.Start(ctx, t.job.Media)
		if err == nil {
			t.session, t.startedAt = s, time.Now().UTC()
			return t.save(ctx)
		}
		if err := t.pause(ctx, err); err != nil {
			return err
		}
	}
}

// segments sends what the server does not hold.
func (t *transfer) segments(ctx context.Context) (string, error) {
	for {
		state, err := t.segment(ctx)
		if err != nil {
			state, err = t.recover(ctx, err)
		}
		if err != nil {
			return "", err
		}
		if state.Final {
			return state.Result, nil
		}
	}
}

// segment sends the next segment.
func (t *transfer) segment(ctx context.Context) (State, error) {
	total := t.job.Media.Size
	length := t.plan.length(total-t.confirmed, t.session.Granularity)
	if err := t.position(ctx); err != nil {
		return State{}, err
	}
	began := time.Now()
	state, err := t.u.Protocol.Send(ctx, t.session, Segment{
		Offset: t.confirmed, Length: length, Total: total, Body: t.passage(ctx),
	})
	if err != nil {
		t.told = cmp.Or(state.Result, t.told)
		return State{}, t.refusal(err, length)
	}
	t.plan.sent(length, time.Since(began))
	return state, t.reached(ctx, state)
}

// refusal returns what the failure of a segment means for the session: it is
// lost where the server has been asked about it and refuses all the same.
func (t *transfer) refusal(err error, length int64) error {
	e, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok:
	case length == 0 && mayBeMisplaced(e):
		return &ProtocolError{e.Command, "the server holds all bytes but does not finish: " + e.Message, ErrSessionLost}
	case e.looksDead() && t.refusedAt == t.confirmed:
		return &ProtocolError{e.Command, "the server knows the session but does not take its bytes: " + e.Message, ErrSessionLost}
	}
	return err
}

// position brings source and hash to the confirmed offset.
func (t *transfer) position(ctx context.Context) error {
	if t.confirmed == t.job.Media.Size && t.hash.at == t.confirmed {
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

// digest returns the digest of the finished upload. What an earlier process
// sent, and did not live to put into the hash, is read again; should that fail,
// the upload has succeeded all the same, with its digest unknown.
func (t *transfer) digest(ctx context.Context) string {
	if size := t.job.Media.Size; t.hash.h != nil && t.hash.at < size && t.readTo(ctx, size) != nil {
		return ""
	}
	return t.hash.sum(t.job.Media.Size)
}

// recover finds out where the server stands after a failure.
func (t *transfer) recover(ctx context.Context, err error) (State, error) {
	t.plan.failed()
	if !errors.Is(err, ErrFinal) { // a finished session may still tell its result
		if err := t.pause(ctx, err); err != nil {
			return State{}, err
		}
	}
	return t.resync(ctx)
}

// resync asks the server until it answers. That the session is unknown has to
// be said twice: a session holds up to gigabytes.
func (t *transfer) resync(ctx context.Context) (State, error) {
	for unknown := false; ; {
		state, err := t.query(ctx)
		if err == nil {
			return state, t.reached(ctx, state)
		}
		if _, refused := errors.AsType[*StatusError](err); refused && isLost(err) && !unknown {
			unknown = true
			if err := t.wait(ctx, err, t.waits.NextBackOff()); err != nil {
				return State{}, err
			}
			continue
		}
		if err := t.pause(ctx, err); err != nil {
			return State{}, err
		}
	}
}

// query asks the server once where the session stands.
func (t *transfer) query(ctx context.Context) (State, error) {
	state, err := t.u.Protocol.Query(ctx, t.session)
	if _, senseless := errors.AsType[*ProtocolError](err); senseless && !isLost(err) && t.told != "" {
		return State{Final: true, Result: t.told}, nil
	}
	if err == nil && state.Final {
		state.Result = cmp.Or(state.Result, t.told)
	}
	if err == nil && state.Final && state.Result == "" {
		err = &ProtocolError{commandQuery, ErrFinal.Error(), ErrFinal}
	}
	return state, err
}

// reached makes durable what the server confirmed.
func (t *transfer) reached(ctx context.Context, s State) error {
	if s.Final {
		t.u.stake.confirmed(t.job.Media.Size - t.best)
		return nil
	}
	if s.Confirmed < 0 || s.Confirmed > t.job.Media.Size {
		reason := fmt.Sprintf("server claims to hold %d of %d bytes", s.Confirmed, t.job.Media.Size)
		return &ProtocolError{commandQuery, reason, ErrSessionLost}
	}
	if s.Confirmed > t.best {
		t.u.stake.confirmed(s.Confirmed - t.best)
		t.best, t.failures, t.refusedAt = s.Confirmed, 0, -1
		t.waits.Reset()
	}
	if s.Confirmed == t.confirmed {
		return nil
	}
	t.confirmed = s.Confirmed
	return t.save(ctx)
}

// The most that the hash on record lags behind the bytes.
const (
	saveEvery     = 3 * time.Second
	saveEverySize = 32 * mib
)

func (t *transfer) save(ctx context.Context) error {
	t.savedAt = time.Now()
	if t.job.Save == nil {
		return nil
	}
	state, at := t.hash.state()
	t.savedHash = at
	err := t.job.Save(ctx, Checkpoint{
		Session: t.session, StartedAt: t.startedAt, Size: t.job.Media.Size,
		Confirmed: t.confirmed, HashAt: at, HashState: state,
	})
	if err != nil {
		return &saveError{err}
	}
	return nil
}

// saveError keeps a failure to save from being taken for one to upload.
type saveError struct{ err error }

func (e *saveError) Error() string { return fmt.Sprintf("save checkpoint: %v", e.err) }
func (e *saveError) Unwrap() error { return e.err }

// pause returns nil, after a wait, if another attempt is due; otherwise what
// the upload ends with.
func (t *transfer) pause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*saveError](err); ok || isLost(err) {
		return err
	}
	verdict := t.judge(err)
	t.failures++
	if !verdict.Retry && !t.misplaced(err) || t.failures >= t.u.attempts() {
		return err
	}
	return t.wait(ctx, err, max(verdict.After, t.waits.NextBackOff()))
}

// misplaced reports whether a refusal may mean that the server stands at
// another offset; one at the same offset again means something else.
func (t *transfer) misplaced(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	if !ok || !mayBeMisplaced(e) && !(isSegment(e) && e.looksDead()) || t.refusedAt == t.confirmed {
		return false
	}
	t.refusedAt = t.confirmed
	return true
}

func mayBeMisplaced(e *StatusError) bool {
	return isSegment(e) && slices.Contains([]int{400, 409, 412, 416}, e.HTTP) && e.UploadStatus != statusFinal
}

func isSegment(e *StatusError) bool {
	return e.Command == commandUpload || e.Command == commandFinalize
}

func (t *transfer) wait(ctx context.Context, reason error, d time.Duration) error {
	if t.u.OnWait != nil && d > time.Second {
		t.u.OnWait(reason, time.Now().Add(d).UTC())
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passage is the body of one request: the source from where it stands.
type passage struct {
	t   *transfer
	ctx context.Context // of the upload, not of the request: the source outlives it
}

func (t *transfer) passage(ctx context.Context) *passage { return &passage{t, ctx} }

// Read reads the source and accounts for what passes.
func (p *passage) Read(b []byte) (int, error) {
	t, at := p.t, p.t.src.at
	n, err := t.src.read(p.ctx, b)
	if n == 0 {
		return 0, err
	}
	if err := t.hash.write(b[:n], at); err != nil {
		return 0, err
	}
	if again := min(t.sent-at, int64(n)); again > 0 && t.job.Resent != nil {
		t.job.Resent(again)
	}
	if t.job.Sent != nil {
		t.job.Sent(int64(n))
	}
	t.sent = max(t.sent, at+int64(n))
	return n, cmp.Or(err, t.keepUp(p.ctx))
}

// keepUp stores the hash while a long segment is on its way, so that after a
// crash only little has to be read again to complete it.
func (t *transfer) keepUp(ctx context.Context) error {
	if t.session.URL == "" || time.Since(t.savedAt) < saveEvery && t.hash.at-t.savedHash < saveEverySize {
		return nil
	}
	return t.save(ctx)
}

// Close interrupts the source; the next request reopens it where it needs to.
func (p *passage) Close() error {
	p.t.src.interrupt()
	return nil
}
