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

func (t *table) Leases(_ context.Context, session string) (all []lease.Lease, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return nil, errDown
	}
	for id, h := range t.leases {
		if session == "" || id == session {
			all = append(all, lease.Lease{Session: id, Holder: h, Now: time.Now()})
		}
	}
	return all, nil
}

func (t *table) Swap(_ context.Context, session string, held, h lease.Holder, ttl time.Duration) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false, errDown
	}
	if t.leases == nil {
		t.leases = map[string]lease.Holder{}
	}
	if now := t.leases[session]; now.Token != held.Token || !now.Until.Equal(held.Until) {
		return false, nil
	}
	if h.Until = time.Now().Add(ttl); h.Token == "" {
		delete(t.leases, session)
	} else {
		t.leases[session] = h
	}
	if t.mute {
		return false, errDown
	}
	return true, nil
}

func (t *table) set(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}
