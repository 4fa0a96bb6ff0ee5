package state

import (
	"context"
	"iter"
)

// lock is one that a [Store] has taken.
type lock struct {
	Unlocker
	s  *Store
	id string
}

// Lock takes a session, stored or not, for this process.
func (s *Store) Lock(ctx context.Context, id string) (Unlocker, error) {
	if err := s.nameable(ctx, id); err != nil {
		return nil, err
	}
	u, err := s.driver.Lock(ctx, id)
	if err != nil {
		return nil, err
	}
	l := &lock{u, s, id}
	s.locks.Store(id, l)
	return l, nil
}

// Unlock gives the session free. Unlocking twice is no error.
func (l *lock) Unlock() error {
	l.s.locks.CompareAndDelete(l.id, l)
	return l.Unlocker.Unlock()
}

// DeleteSession removes a session with its items and batches. It takes the session
// for that, unless this Store has it.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	if err := s.findable(ctx, id); err != nil {
		return err
	}
	if _, held := s.locks.Load(id); !held {
		l, err := s.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer l.Unlock() // runs out otherwise
	}
	return s.driver.Delete(ctx, id)
}

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
