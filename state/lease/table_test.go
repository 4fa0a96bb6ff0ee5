package lease_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/state/lease"
)

// table keeps leases in memory.
type table struct {
	mu     sync.Mutex
	leases map[string]lease.Holder
	down   bool
	mute   bool // changes are made, but their answers are lost
}

var errDown = errors.New("the store is down")

func (t *table) Leases(_ context.Context, session string) (all []lease.Holder, now time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return nil, now, errDown
	}
	for id, h := range t.leases {
		if session == "" || id == session {
			all = append(all, h)
		}
	}
	return all, time.Now(), nil
}

func (t *table) Swap(_ context.Context, held, h lease.Holder, ttl time.Duration) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false, errDown
	}
	if t.leases == nil {
		t.leases = map[string]lease.Holder{}
	}
	if now := t.leases[held.Session]; now.Token != held.Token || !now.Until.Equal(held.Until) {
		return now.Token == h.Token, nil
	}
	h.Until = time.Now().Add(ttl)
	t.leases[held.Session] = h
	if t.mute {
		return false, errDown
	}
	return true, nil
}

func (t *table) Release(_ context.Context, h lease.Holder) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return errDown
	}
	if t.leases[h.Session].Token == h.Token {
		delete(t.leases, h.Session)
	}
	return nil
}

func (t *table) set(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}
