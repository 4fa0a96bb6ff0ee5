package lane_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lane"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
	"github.com/gondola-sync/gondola/station"
)

// shared is a store that several processes use.
type shared struct {
	mu      sync.Mutex
	holder  *process // of the account; nil if it is free
	since   time.Time
	entries map[string]state.LedgerEntry
}

// process is one process with its own view of the store.
type process struct {
	*shared
	pid     int
	machine string        // "" is this one
	ahead   time.Duration // of its clock
	fails   error         // of its store

	dead bool

	failsToRead bool // its store

	locks, records int
}

func (p *process) LockAccount(context.Context) (state.Unlocker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return nil, p.fails
	}
	if p.holder != nil {
		return nil, &state.LockedError{Host: "host", PID: p.holder.pid, Since: p.since}
	}
	p.holder, p.since = p, time.Now()
	p.locks++
	return unlock(func() {
		if p.holder == p {
			p.holder = nil
		}
	}, &p.mu), nil
}

type unlocker func() error

func (u unlocker) Unlock() error { return u() }

func unlock(free func(), mu *sync.Mutex) unlocker {
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		free()
		return nil
	}
}

func (p *process) Recall(_ context.Context, key string) (*state.LedgerEntry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.fails != nil:
		return nil, p.fails
	case p.failsToRead:
		return nil, errDown
	}
	e, ok := p.entries[key]
	if !ok {
		return nil, state.ErrNotFound
	}
	return &e, nil
}

func (p *process) Record(entries ...state.LedgerEntry) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return p.fails
	}
	if p.entries == nil {
		p.entries = map[string]state.LedgerEntry{}
	}
	for _, e := range entries {
		e.At = e.At.Add(p.ahead)
		if p.machine != "" {
			e.DestinationID = strings.Replace(e.DestinationID, lease.Machine(), p.machine, 1)
		}
		p.entries[e.Key] = e
		p.records++
	}
	return nil
}

// isFree reports whether no process holds the account.
func (s *shared) isFree() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holder == nil
}

// cost returns how often the process took the lease, and how many entries it
// stored.
func (p *process) cost() (locks, records int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.locks, p.records
}

// fail sets how the process's store fails.
func (p *process) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = err
}

// dies frees what the process holds, as the system does of a process that is gone.
func (p *process) dies() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead, p.fails = true, errDead
	if p.holder == p {
		p.holder = nil
	}
}

// loses takes away what the process holds, as a lease that has run out.
func (p *process) loses() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holder = nil
}

// pace is what the service of these tests takes.
var pace = station.Pace{Writes: 30, Per: time.Minute}

func (p *process) lane(t *testing.T, waits func(fault.Wait)) *lane.Lane {
	t.Helper()
	if waits == nil {
		waits = func(fault.Wait) {}
	}
	l := lane.New(lane.Options{Store: p, Name: "photos:", Pace: pace, Waiting: waits})
	t.Cleanup(func() {
		if p.dead {
			return
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// service is an account that takes one write at a time and pace.
type service struct {
	t       *testing.T
	mu      sync.Mutex
	writing int
	arrived []time.Time
	by      []int // process of each arrival
}

// write sends a write that takes d.
func (s *service) write(l *lane.Lane, pid int, d time.Duration) error {
	leave, err := l.Enter(s.t.Context())
	if err != nil {
		return err
	}
	defer leave()
	s.begin(pid)
	defer s.end()
	time.Sleep(d)
	return nil
}

func (s *service) begin(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.writing++; s.writing > 1 {
		s.t.Errorf("process %d writes while another one does", pid)
	}
	s.arrived, s.by = append(s.arrived, now), append(s.by, pid)
	if n := len(s.arrived) - 1; n >= pace.Writes && now.Sub(s.arrived[n-pace.Writes]) < pace.Per {
		s.t.Errorf("process %d makes the write %d within %v", pid, pace.Writes+1, now.Sub(s.arrived[n-pace.Writes]))
	}
}

func (s *service) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing--
}

// longestGap returns how long a process was without a write, at most.
func (s *service) longestGap(pid int) (longest time.Duration) {
	last := s.arrived[0]
	for i, at := range s.arrived {
		if s.by[i] == pid {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, s.arrived[len(s.arrived)-1].Sub(last))
}

func (s *service) count(pid int) int {
	return len(slices.DeleteFunc(slices.Clone(s.by), func(by int) bool { return by != pid }))
}

var (
	errDown = errors.New("the store is down")
	errDead = errors.New("the process is dead")
)
