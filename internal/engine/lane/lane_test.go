package lane_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// Processes that always have something to write share the pace, and none waits for
// long, however long its writes take.
func TestProcessesShareOneLane(t *testing.T) {
	for _, tc := range []struct {
		name   string
		writes []time.Duration // how long those of each process take
		least  float64         // part of all writes that each process gets
		gap    time.Duration   // that none exceeds
	}{
		{"two, fast", []time.Duration{50 * time.Millisecond, 50 * time.Millisecond}, 0.4, 2 * time.Minute},
		{"two, slow", []time.Duration{4 * time.Second, 4 * time.Second}, 0.4, 30 * time.Second},
		{"one slow", []time.Duration{50 * time.Millisecond, 5 * time.Second}, 0.03, 2 * time.Minute},
		{"five", []time.Duration{time.Second, time.Second, time.Second, time.Second, time.Second}, 0.1, 6 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, s := &shared{}, &service{t: t}
				end := time.Now().Add(time.Hour)
				var all sync.WaitGroup
				for pid, d := range tc.writes {
					l := (&process{shared: store, pid: pid}).lane(t, nil)
					all.Go(func() {
						for time.Now().Before(end) {
							if err := s.write(l, pid, d); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				for pid := range tc.writes {
					if n, gap := s.count(pid), s.longestGap(pid); float64(n) < tc.least*float64(len(s.by)) || gap > tc.gap {
						t.Errorf("process %d made %d of %d writes and waited %v", pid, n, len(s.by), gap)
					}
				}
				t.Logf("%d writes in an hour", len(s.by))
			})
		})
	}
}

// A process that writes alone takes the lease once, and stores two small entries
// for each write.
func TestAloneItCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := &process{shared: &shared{}}, &service{t: t}
		l := p.lane(t, func(w fault.Wait) { t.Errorf("waits for %s", w.Reason) })
		for range 30 {
			began := time.Now()
			if err := s.write(l, 0, time.Second); err != nil || time.Since(began) != time.Second {
				t.Errorf("a write of a second took %v: %v", time.Since(began), err)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(3 * time.Second)
		if locks, records := p.cost(); locks != 1 || records > 61 {
			t.Errorf("%d writes took the lease %d times and stored %d entries", len(s.by), locks, records)
		}
		if !p.isFree() {
			t.Error("the lease is kept although nothing is written")
		}
	})
}

// The next holder waits for a write that may be under way, counts it, and goes on
// with the window, also after it was killed itself.
func TestKilledHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		for pid := range 200 {
			p := &process{shared: store, pid: pid}
			l := p.lane(t, nil)
			for range pid % 9 {
				if err := s.write(l, pid, 100*time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := l.Enter(t.Context()); err != nil { // never left
				t.Fatal(err)
			}
			s.begin(pid)
			p.dies()
			go func() {
				time.Sleep(8 * time.Second) // what it sent is still being carried out
				s.end()
			}()
		}
		if took := time.Since(s.arrived[0]); took > 200*14*time.Second {
			t.Errorf("200 processes took %v", took)
		}
		time.Sleep(8 * time.Second)
	})
}

// The next holder of a process that died between two writes does not wait.
func TestKilledBetweenWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		began := time.Now()
		for pid := range 10 {
			p := &process{shared: store, pid: pid}
			l := p.lane(t, nil)
			for range 3 {
				if err := s.write(l, pid, 0); err != nil {
					t.Fatal(err)
				}
			}
			p.dies()
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("thirty writes of ten processes took %v", took)
		}
	})
}

// A process is killed again and again before its turn comes: each one goes on with
// the same window, so that the turn comes as early as without the kills.
func TestKilledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		first := (&process{shared: store, pid: 1}).lane(t, nil)
		for range 30 {
			if err := s.write(first, 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for pid := 2; time.Since(began) < 55*time.Second; pid++ {
			p := &process{shared: store, pid: pid}
			l := p.lane(t, nil)
			go func() { _, _ = l.Enter(t.Context()) }()
			time.Sleep(5 * time.Second)
			p.dies()
		}
		if err := s.write((&process{shared: store, pid: 100}).lane(t, nil), 100, 0); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < time.Minute || took > 61*time.Second {
			t.Errorf("the window was full for %v", took)
		}
	})
}

const unknownMachines = "unknown"

// Clocks of machines differ: nothing goes faster than the pace, and nothing waits
// for longer than a window.
func TestClocksThatDiffer(t *testing.T) {
	for _, tc := range []struct {
		name    string
		machine string
		ahead   time.Duration
	}{
		{"another machine", "another", 0},
		{"ahead", "another", 9 * time.Hour},
		{"behind", "another", -9 * time.Hour},
		{"of a machine that is not known", "none", -time.Minute},
		{"put back on this machine", "", time.Hour}, // what was written before seems to be of the future
		{"where machines cannot be told apart", unknownMachines, -time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.machine == unknownMachines {
				defer func(f func() string) { lease.Machine = f }(lease.Machine)
				lease.Machine = func() string { return "" }
				tc.machine = ""
			}
			synctest.Test(t, func(t *testing.T) {
				store, s := &shared{}, &service{t: t}
				there := (&process{shared: store, pid: 1, machine: tc.machine, ahead: tc.ahead}).lane(t, nil)
				here := (&process{shared: store, pid: 2}).lane(t, nil)
				for n := range 120 {
					l, pid := there, 1
					if n/10%2 == 1 {
						l, pid = here, 2
					}
					began := time.Now()
					if err := s.write(l, pid, 100*time.Millisecond); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(began); took > pace.Per+10*time.Second {
						t.Errorf("write %d waited %v", n, took)
					}
				}
				killed := &process{shared: store, pid: 3, machine: tc.machine, ahead: tc.ahead}
				if _, err := killed.lane(t, nil).Enter(t.Context()); err != nil {
					t.Fatal(err)
				}
				killed.dies()
				began := time.Now()
				if err := s.write(here, 2, 0); err != nil || time.Since(began) > time.Minute {
					t.Errorf("after a kill it took %v: %v", time.Since(began), err)
				}
			})
		})
	}
}

// A process that did not run for so long that another one took its lease over
// notices before it writes.
func TestSuspendedHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		suspended := &process{shared: store, pid: 1}
		first, second := suspended.lane(t, nil), (&process{shared: store, pid: 2}).lane(t, nil)
		if err := s.write(first, 1, 0); err != nil {
			t.Fatal(err)
		}
		suspended.loses() // for the store, its lease has run out
		leave, err := second.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.begin(2)
		go func() {
			time.Sleep(3 * time.Second)
			s.end()
			leave()
		}()
		if err := s.write(first, 1, 0); err != nil {
			t.Fatal(err)
		}
		if s.count(1) != 2 || s.count(2) != 1 {
			t.Errorf("writes by %v", s.by)
		}
	})
}

// A wait is published after a second, and given up after an hour of one holder.
func TestHolderThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shared{}
		stuck := (&process{shared: store, pid: 4711}).lane(t, nil)
		release, err := stuck.Hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var waits []fault.Wait
		l := (&process{shared: store, pid: 2}).lane(t, func(w fault.Wait) {
			if len(waits) == 0 && time.Since(began) > 2*time.Second {
				t.Errorf("the wait is published after %v", time.Since(began))
			}
			waits = append(waits, w)
		})
		_, err = l.Enter(t.Context())
		if fault.ClassOf(err) != fault.Session || !strings.Contains(err.Error(), "4711") || time.Since(began) > time.Hour+time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if len(waits) != 60 || !strings.Contains(waits[0].Reason, "process 4711 on host") {
			t.Errorf("%d waits: %v", len(waits), waits)
		}
		release()
		leave, err := l.Enter(t.Context()) // the stuck one is idle by now
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
}

// What Hold keeps is not given up for others, and is written in.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		first, second := (&process{shared: store, pid: 1}).lane(t, nil), (&process{shared: store, pid: 2}).lane(t, nil)
		release, err := first.Hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var other sync.WaitGroup
		other.Go(func() {
			if err := s.write(second, 2, 0); err != nil {
				t.Error(err)
			}
		})
		for range 5 {
			time.Sleep(4 * time.Second)
			if err := s.write(first, 1, time.Second); err != nil {
				t.Error(err)
			}
		}
		if s.count(2) != 0 {
			t.Error("another process wrote meanwhile")
		}
		release()
		other.Wait()
	})
}

// A store that fails is no reason to write, nor to keep the lease.
func TestStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, s := &shared{}, &service{t: t}
		p := &process{shared: store, pid: 1}
		l := p.lane(t, nil)
		if err := s.write(l, 1, 0); err != nil {
			t.Fatal(err)
		}
		p.fail(errDown)
		if err := s.write(l, 1, 0); !errors.Is(err, errDown) {
			t.Errorf("with a store that is down: %v", err)
		}
		if _, err := l.Hold(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("with a store that is down: %v", err)
		}
		time.Sleep(5 * time.Second)
		p.fail(nil)
		if !store.isFree() {
			t.Error("the lease is kept")
		}
		if err := s.write(l, 1, 0); err != nil || len(s.by) != 2 {
			t.Errorf("%d writes: %v", len(s.by), err)
		}
		time.Sleep(5 * time.Second)
		if _, err := (&process{shared: store, pid: 2, failsToRead: true}).lane(t, nil).Enter(t.Context()); !errors.Is(err, errDown) || !store.isFree() {
			t.Errorf("with a lease but no ledger: %v, and the lease is kept: %v", err, !store.isFree())
		}
	})
}

// Of an entry that cannot be read, the worst is assumed.
func TestUnreadableEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := &process{shared: &shared{}}, &service{t: t}
		if err := p.Record(state.LedgerEntry{Key: state.WritesKey, DestinationID: "of a later version"}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.write(p.lane(t, nil), 0, 0); err != nil || time.Since(began).Round(time.Second) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
