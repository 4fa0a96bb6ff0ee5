package resumable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// transfer is one Upload in progress.
type transfer struct {
	u     *Uploader
	rules rules
	job   Job
	judge func(error) Verdict
	src   *source
	win   *window // nil: the source is read straight into requests
	hash  *digest
	plan  *planner

	session   Session // zero: none
	startedAt time.Time
	savedAt   time.Time
	savedHash int64  // bytes that the hash on record covers
	total     int64  // bytes of the object, or Unknown
	confirmed int64  // bytes the server holds, as far as is known
	resumed   int64  // of them, those that it held when the upload was resumed
	best      int64  // most of it in this session
	offered   int64  // bytes that requests of this session carried or may have carried
	sent      int64  // bytes ever sent, up to the furthest
	failures  int    // in a row, without progress
	refusedAt int64  // offset at which a segment was refused last
	result    string // result in an answer that did not say whether the session is finished
	waits     *backoff.ExponentialBackOff
}

func newTransfer(u *Uploader, job Job) *transfer {
	t := &transfer{
		u:         u,
		rules:     rulesOf(u.Protocol),
		job:       job,
		judge:     job.Judge,
		total:     job.Media.Size,
		sent:      job.SentBefore,
		refusedAt: -1,
		waits:     u.Retry.waits(),
	}
	if t.judge == nil {
		t.judge = Judge
	}
	t.hash = newDigest(job.Checksum, t.beside)
	t.src = &source{
		open: job.Open, size: job.Media.Size, whole: job.Unpinned && !job.Once, began: func() { t.hash.rewind() },
		judge: func(err error) Verdict { return t.judge(&SourceError{err}) },
	}
	sizing := u.sizing()
	if job.Once || t.total == Unknown && t.rules.single != always {
		t.win = &window{source: job.Open, once: job.Once, size: job.Media.Size}
		t.src.open, t.src.whole = t.win.open, false
		sizing.Max = sizing.First // it is held in memory
	}
	t.plan = newPlanner(sizing)
	t.resume(job.From)
	return t
}

// resume continues from a checkpoint.
func (t *transfer) resume(c *Checkpoint) {
	if c == nil {
		return
	}
	if t.total == Unknown && !t.job.Once {
		t.total = c.Size
	}
	t.session, t.startedAt, t.confirmed, t.best = c.Session, c.StartedAt, c.Confirmed, c.Confirmed
	t.session.Granularity = max(cmp.Or(t.rules.unit, c.Session.Granularity), 1)
	t.offered = Unknown
	t.hash, t.savedHash = resumeDigest(t.job.Checksum, c.HashState, c.HashAt, t.beside), c.HashAt
	t.sent = max(t.sent, c.Confirmed, c.HashAt)
}

// beside reports whether hashing may have a goroutine of its own.
func (t *transfer) beside() bool {
	large := t.job.Media.Size >= worthBeside || t.job.Media.Size == Unknown
	return large && t.job.Checksum != CRC32C && besidePays(int(t.u.inFlight.Load()))
}

// run uploads the object, in as many sessions as it takes.
func (t *transfer) run(ctx context.Context) (State, error) {
	if err := t.recheck(ctx); err != nil {
		return State{}, err
	}
	for restarts := 0; ; restarts++ {
		state, err := t.attempt(ctx)
		if err == nil || !isLost(err) || restarts == maxRestarts || t.win != nil && !t.win.reaches(0) {
			return state, err
		}
		t.session = Session{}
		t.confirmed, t.resumed, t.best, t.offered, t.refusedAt, t.result = 0, 0, 0, 0, -1, ""
		if t.hash.h == nil { // this time every byte passes
			t.hash = newDigest(t.job.Checksum, t.beside)
		}
		t.progress()
	}
}

func isLost(err error) bool {
	return errors.Is(err, ErrSessionLost) || errors.Is(err, ErrFinal)
}

func (t *transfer) attempt(ctx context.Context) (State, error) {
	if t.session.URL != "" {
		state, err := t.resync(ctx)
		t.resumed = state.Confirmed
		if state.Final {
			t.resumed = t.total
		}
		if err != nil || state.Final {
			return state, err
		}
		return t.segments(ctx)
	}
	if t.single() {
		defer t.u.stake.take(t.total)
		return t.raw(ctx)
	}
	if err := t.start(ctx); err != nil {
		return State{}, err
	}
	return t.segments(ctx)
}

// single reports whether the object goes in one request, and reserves its bytes.
func (t *transfer) single() bool {
	switch {
	case t.rules.single == always:
		t.u.stake.add(t.total)
		return true
	case t.rules.single == never, t.total == Unknown, t.total > t.u.rawLimit():
		return false
	}
	return t.u.stake.put(t.total)
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
func (t *transfer) segments(ctx context.Context) (State, error) {
	for {
		state, err := t.segment(ctx)
		if err != nil {
			state, err = t.recover(ctx, err)
		}
		if err != nil || state.Final {
			return state, err
		}
	}
}

// segment sends the next segment.
func (t *transfer) segment(ctx context.Context) (State, error) {
	length, err := t.prepare(ctx)
	if err != nil {
		return State{}, err
	}
	if t.offered != Unknown {
		t.offered = max(t.offered, t.confirmed+length)
	}
	began := time.Now()
	state, err := t.u.Protocol.Send(ctx, t.session, Segment{
		Offset: t.confirmed, Length: length, Total: t.total, Body: t.passage(ctx),
	})
	if err != nil {
		t.result = cmp.Or(state.Result, t.result)
		return State{}, t.refusal(err, length)
	}
	if t.rules.counted && !state.Final && state.Confirmed <= t.confirmed {
		return State{}, &ProtocolError{Command: commandChunk, Reason: "the server kept nothing of the chunk"}
	}
	t.plan.sent(length, time.Since(began))
	return state, t.reached(ctx, state)
}

// prepare brings source and hash to the confirmed offset, and returns the length
// of the segment that begins there.
func (t *transfer) prepare(ctx context.Context) (int64, error) {
	if t.win == nil {
		return t.plan.length(t.total-t.confirmed, t.session.Granularity), t.position(ctx)
	}
	length, err := t.fill(ctx, t.plan.whole(t.session.Granularity))
	if err != nil {
		return 0, err
	}
	return length, t.position(ctx)
}

// fill reads the next n bytes into the window, and learns the size of the object
// at its end.
func (t *transfer) fill(ctx context.Context, n int64) (int64, error) {
	t.src.interrupt() // what it has open may be a part of the window
	have, last, err := t.win.fill(ctx, t.confirmed, n)
	if err != nil {
		return 0, err
	}
	end := t.confirmed + have
	if t.total != Unknown && (end > t.total || last && end != t.total) {
		return 0, &SourceError{fmt.Errorf("%w: it had %d bytes", ErrSourceChanged, t.total)}
	}
	if last {
		t.total = end
	}
	t.src.size = end
	return have, nil
}

// refusal returns what the failure of a segment means for the session: it is
// lost where the server has been asked about it and refuses all the same.
func (t *transfer) refusal(err error, length int64) error {
	e, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok:
	case length == 0 && mayBeMisplaced(e):
		return &ProtocolError{e.Command, "the server holds all bytes but does not finish: " + e.Message, ErrSessionLost}
	case isSegment(e) && e.looksDead() && t.refusedAt == t.confirmed:
		return &ProtocolError{e.Command, "the server knows the session but does not take its bytes: " + e.Message, ErrSessionLost}
	}
	return err
}

// reached makes durable what the server confirmed.
func (t *transfer) reached(ctx context.Context, s State) error {
	if s.Final {
		t.u.stake.confirmed(max(t.total-t.best, 0))
		return nil
	}
	if err := t.plausible(s.Confirmed); err != nil {
		return err
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
	t.progress()
	return t.save(ctx)
}

// plausible returns an error if the server cannot hold so many bytes.
func (t *transfer) plausible(confirmed int64) error {
	switch {
	case t.rules.counted && t.offered != Unknown && confirmed > t.offered:
		reason := fmt.Sprintf("server claims to hold %d bytes, %d were sent", confirmed, t.offered)
		return &ProtocolError{commandStatus, reason, ErrContradiction}
	case confirmed >= 0 && (t.total == Unknown || confirmed <= t.total):
		return nil
	case t.rules.counted:
		reason := fmt.Sprintf("server claims to hold %d of %d bytes", confirmed, t.total)
		return &ProtocolError{commandStatus, reason, ErrContradiction}
	}
	reason := fmt.Sprintf("server claims to hold %d of %d bytes", confirmed, t.total)
	return &ProtocolError{commandQuery, reason, ErrSessionLost}
}

func (t *transfer) progress() {
	if t.job.Progress != nil {
		t.job.Progress(t.confirmed, t.total)
	}
}
