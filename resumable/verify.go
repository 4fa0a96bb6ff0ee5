package resumable

import (
	"context"
	"fmt"
)

// finish checks a final answer against what was sent, and returns the result.
func (t *transfer) finish(ctx context.Context, s State) (Result, error) {
	if t.total == Unknown && t.offered == Unknown && !t.job.Once {
		if err := t.measure(ctx); err != nil {
			return Result{}, err
		}
	}
	t.digest(ctx)
	verified, err := s.Object.compare(t.job.Checksum, t.hash.sum(t.total))
	if sizes := t.checkSize(s, verified); sizes != nil {
		return Result{}, sizes
	}
	if err != nil {
		return Result{}, err
	}
	t.confirmed = t.total
	t.progress()
	return Result{
		Response: s.Result, Status: s.Status, Size: t.total, ResumedFrom: t.resumed,
		SHA256: t.hash.hexSum(t.total), Checksum: t.hash.sum(t.total), Verified: verified,
	}, nil
}

// checkSize returns an error for an object of another size than was sent. One of
// an unknown size is believed to be whole if all of it was sent by this
// process, or if its digest is the right one: some servers finish an object when
// they are asked how much of it they hold.
func (t *transfer) checkSize(s State, verified bool) error {
	switch {
	case !t.rules.counted:
		return nil
	case t.total == Unknown || t.offered != Unknown && t.offered != t.total:
		reason := fmt.Sprintf("server has finished an object of which %d bytes were sent", t.offered)
		return &ProtocolError{commandStatus, reason, ErrContradiction}
	case s.Object != nil && s.Object.Size != Unknown && s.Object.Size != t.total:
		reason := fmt.Sprintf("server holds an object of %d bytes, %d were sent", s.Object.Size, t.total)
		return &ProtocolError{commandStatus, reason, ErrContradiction}
	case t.offered == Unknown && !verified && (s.Object == nil || s.Object.Size == Unknown):
		return &ProtocolError{commandStatus, "server has finished an object without telling its size", ErrContradiction}
	}
	return nil
}
