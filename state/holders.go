package state

import (
	"context"
	"iter"
)

// Holders iterates who holds which session, as far as the driver can say; held
// reports whether it is held now: otherwise its holder has died. It changes nothing,
// and ends early if the store cannot be read.
func (s *Store) Holders(ctx context.Context) iter.Seq2[*LockedError, bool] {
	d, ok := s.driver.(interface {
		Holders(ctx context.Context) iter.Seq2[*LockedError, bool]
	})
	if !ok || s.usable(ctx) != nil {
		return func(func(who *LockedError, held bool) bool) {}
	}
	return d.Holders(ctx)
}
