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
	mu      sync.Mutex
	leases  map[string]lease.Holder
	down    bool
	renewed int
}

var errDown = errors.New("the store is down")

func (t *table) Take(_ context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (lease.Holder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return lease.Holder{}, errDown
	}
	if t.leases == nil {
		t.leases = map[string]lease.Holder{}
	}
	now := time.Now()
	if held, ok := t.leases[session]; ok && now.Before(held.Until) && (instead == "" || held.Token != instead) {
		return held, nil
	}
	h.Until = now.Add(ttl)
	t.leases[session] = h
	return h, nil
}

func (t *table) Renew(_ context.Context, session, token string, ttl time.Duration) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return false, errDown
	}
	t.renewed++
	h, ok := t.leases[session]
	if !ok || h.Token != token {
		return false, nil
	}
	h.Until = time.Now().Add(ttl)
	t.leases[session] = h
	return true, nil
}

func (t *table) Release(_ context.Context, session, token string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return errDown
	}
	if t.leases[session].Token == token {
		delete(t.leases, session)
	}
	return nil
}

func (t *table) set(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}
