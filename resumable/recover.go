package resumable

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
)

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

// resync asks the server until it answers. Where a query may be refused for
// other reasons, that the session is unknown has to be said twice: a session
// holds up to gigabytes.
func (t *transfer) resync(ctx context.Context) (State, error) {
	for unknown := false; ; {
		state, err := t.query(ctx)
		if err == nil {
			return state, t.reached(ctx, state)
		}
		if e, refused := errors.AsType[*StatusError](err); refused && e.Command == commandQuery && isLost(err) && !unknown {
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
	if _, senseless := errors.AsType[*ProtocolError](err); senseless && !isLost(err) && t.result != "" {
		return State{Final: true, Result: t.result}, nil
	}
	if err == nil && state.Final {
		state.Result = cmp.Or(state.Result, t.result)
	}
	if err == nil && state.Final && state.Result == "" && !t.rules.counted {
		err = &ProtocolError{commandQuery, ErrFinal.Error(), ErrFinal}
	}
	return state, err
}

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
	if !verdict.Retry && !t.misplaced(err) || t.failures >= t.u.Retry.withDefaults().Attempts {
		return err
	}
	return t.wait(ctx, err, max(verdict.After, t.waits.NextBackOff()))
}

// misplaced reports whether a refusal may mean that the server stands at
// another offset; one at the same offset again means something else.
func (t *transfer) misplaced(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	outOfRange := ok && e.Command == commandChunk && e.HTTP == http.StatusRequestedRangeNotSatisfiable
	if !ok || !outOfRange && !mayBeMisplaced(e) && !(isSegment(e) && e.looksDead()) || t.refusedAt == t.confirmed {
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
	return sleep(ctx, d)
}
