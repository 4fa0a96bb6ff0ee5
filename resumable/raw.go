package resumable

import "context"

// raw sends the object in one request, as often as it takes.
func (t *transfer) raw(ctx context.Context) (State, error) {
	if err := t.holdBeginning(ctx); err != nil {
		return State{}, err
	}
	for {
		state, err := t.rawOnce(ctx)
		if err == nil {
			t.u.stake.confirmed(t.total)
			return state, nil
		}
		if t.win != nil && !t.win.reaches(0) {
			return State{}, err
		}
		if err := t.pause(ctx, err); err != nil {
			return State{}, err
		}
	}
}

// holdBeginning keeps the first chunk of a source that cannot be read again: an
// object that is no longer can be sent again.
func (t *transfer) holdBeginning(ctx context.Context) error {
	if t.win == nil {
		return nil
	}
	if _, err := t.fill(ctx, t.plan.whole(1)); err != nil {
		return err
	}
	if !t.win.ended {
		t.src.open, t.src.size = t.win.all, t.total
	}
	return nil
}

func (t *transfer) rawOnce(ctx context.Context) (State, error) {
	if err := t.src.seek(ctx, 0); err != nil {
		return State{}, err
	}
	media := t.job.Media
	media.Size = t.total
	t.offered = t.total
	state, err := t.u.Protocol.Raw(ctx, media, t.passage(ctx))
	if err == nil && t.total == Unknown {
		t.total = t.src.at
		t.offered = t.total
	}
	return state, err
}
