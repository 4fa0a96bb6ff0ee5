package lease_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// inBubble runs a test on synthetic time.
func inBubble(t *testing.T, test func(t *testing.T, store *table)) {
	synctest.Test(t, func(t *testing.T) { test(t, &table{}) })
}

func keeper(t *testing.T, store *table) *lease.Keeper {
	k := lease.NewKeeper(store, 0)
	t.Cleanup(func() { k.Close(t.Context()) })
	return k
}

func lock(t *testing.T, k *lease.Keeper) state.Unlocker {
	t.Helper()
	u, err := k.Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func wantLocked(t *testing.T, k *lease.Keeper) *state.LockedError {
	t.Helper()
	_, err := k.Lock(t.Context(), "s")
	locked, ok := errors.AsType[*state.LockedError](err)
	if !ok {
		t.Fatalf("Lock of a held session: %v", err)
	}
	return locked
}

func TestOneHolder(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		first, second := keeper(t, store), keeper(t, store)
		u := lock(t, first)
		held := wantLocked(t, second)
		if held.PID != os.Getpid() || time.Until(held.Until) != lease.DefaultTTL {
			t.Errorf("held by %+v", held)
		}
		wantLocked(t, first)
		for range 2 {
			if err := u.Unlock(); err != nil {
				t.Fatal(err)
			}
		}
		lock(t, second)
		wantLocked(t, first)
		if first.Token("s") != "" || second.Token("s") == "" {
			t.Error("the wrong keeper has the token")
		}
	})
}

func TestRenewedWhileHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		first, second := keeper(t, store), keeper(t, store)
		lock(t, first)
		time.Sleep(24 * time.Hour)
		wantLocked(t, second)
		if err := first.Check(t.Context(), "s"); err != nil {
			t.Error(err)
		}
	})
}

func TestClosedGivesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		first := keeper(t, store)
		lock(t, first)
		if err := first.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		lock(t, keeper(t, store))
		if _, err := first.Lock(t.Context(), "s"); !errors.Is(err, state.ErrClosed) {
			t.Errorf("Lock when closed: %v", err)
		}
	})
}

// A holder that cannot reach the store keeps the session if nobody took it
// meanwhile, and loses it if somebody did.
func TestStoreOutOfReach(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		first, second := keeper(t, store), keeper(t, store)
		lock(t, first)
		store.set(func() { store.down = true })
		time.Sleep(10 * lease.DefaultTTL)
		if err := first.Check(t.Context(), "s"); !errors.Is(err, errDown) {
			t.Errorf("Check of a store that is down: %v", err)
		}
		store.set(func() { store.down = false })
		if err := first.Check(t.Context(), "s"); err != nil {
			t.Errorf("nobody took it, but: %v", err)
		}

		store.set(func() { store.down = true })
		time.Sleep(2*lease.DefaultTTL + time.Second) // not with a tick of the first one
		store.set(func() { store.down = false })
		lock(t, second)
		for range 2 {
			if err := first.Check(t.Context(), "s"); fault.ClassOf(err) != fault.Session {
				t.Errorf("the second one took it, but the first has %v", err)
			}
		}
		if err := second.Check(t.Context(), "s"); err != nil {
			t.Error(err)
		}
		wantLocked(t, first)
	})
}

// A taking whose answer was lost is known again by its token, and no obstacle.
func TestUnknownOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		k := keeper(t, store)
		store.set(func() { store.mute = true })
		if _, err := k.Lock(t.Context(), "s"); !errors.Is(err, errDown) {
			t.Fatalf("Lock without an answer: %v", err)
		}
		store.set(func() { store.mute = false })
		time.Sleep(lease.DefaultTTL / 2)
		lock(t, k)
		if left := time.Until(wantLocked(t, keeper(t, store)).Until); left != lease.DefaultTTL {
			t.Errorf("the lease runs out in %v", left)
		}
	})
}

// A lease that a wrong clock has set far into the future is cut when it is first
// seen, and once.
func TestWrongClock(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		lock(t, keeper(t, store))
		store.set(func() {
			for id, h := range store.leases {
				h.Token, h.Machine, h.Until = "elsewhere", "another", time.Now().Add(24*365*time.Hour)
				store.leases[id] = h
			}
		})
		k := keeper(t, store)
		if left := time.Until(wantLocked(t, k).Until); left != lease.DefaultTTL {
			t.Errorf("the lease runs out in %v", left)
		}
		time.Sleep(lease.DefaultTTL / 2)
		if left := time.Until(wantLocked(t, k).Until); left != lease.DefaultTTL/2 {
			t.Errorf("the lease runs out in %v after a while", left)
		}
		time.Sleep(lease.DefaultTTL / 2)
		lock(t, k)
	})
}

// A holder that had to wait for the session has it since it took it.
func TestSince(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		u := lock(t, keeper(t, store))
		second := keeper(t, store)
		wantLocked(t, second)
		time.Sleep(time.Hour)
		if err := u.Unlock(); err != nil {
			t.Fatal(err)
		}
		lock(t, second)
		if since := wantLocked(t, second).Since; !since.Equal(time.Now()) {
			t.Errorf("it has the session since %v before", time.Since(since))
		}
	})
}

func TestHolders(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		lock(t, keeper(t, store))
		for who, held := range keeper(t, store).Holders(t.Context()) {
			if who.Session != "s" || who.PID != os.Getpid() || !held {
				t.Errorf("held by %+v: %v", who, held)
			}
		}
		store.set(func() { store.down = true })
		time.Sleep(lease.DefaultTTL)
		store.set(func() { store.down = false })
		n := 0
		for _, held := range keeper(t, store).Holders(t.Context()) {
			if n++; held {
				t.Error("a lease that has run out is held")
			}
		}
		if n != 1 {
			t.Errorf("%d leases, want the one that has run out", n)
		}
	})
}

func TestCheckOfWhatIsNotHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, store *table) {
		if err := keeper(t, store).Check(t.Context(), "s"); err != nil {
			t.Error(err)
		}
	})
}

// The lease of a process of this machine that is gone is taken at once, that of
// one elsewhere when it has run out.
func TestDeadHolder(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	dead := lease.Holder{Session: "s", Token: "old", Host: "h", PID: child.Process.Pid, Machine: lease.Machine()}
	zombie := dead
	zombie.PID = startZombie(t)
	elsewhere := dead
	elsewhere.Machine = "another"
	unknown := dead
	unknown.Machine = "" // the name of a machine says nothing: others may have it
	alive := dead
	alive.PID = os.Getppid()
	for _, tc := range []struct {
		name   string
		holder lease.Holder
		atOnce bool
	}{{"dead here", dead, true}, {"dead here and nobody noticed", zombie, true}, {"elsewhere", elsewhere, false}, {"nobody knows where", unknown, false}, {"alive here", alive, false}} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, store *table) {
				if done, err := store.Swap(t.Context(), lease.Holder{Session: "s"}, tc.holder, lease.DefaultTTL); !done || err != nil {
					t.Fatal(done, err)
				}
				held := tc.holder
				held.Until = time.Now().Add(time.Second)
				if held.Holds(time.Now()) == tc.atOnce || held.Holds(held.Until) {
					t.Errorf("Holds is wrong of %+v", held)
				}
				if !tc.atOnce {
					wantLocked(t, keeper(t, store))
					time.Sleep(lease.DefaultTTL)
				}
				lock(t, keeper(t, store))
			})
		})
	}
}

// startZombie starts a process that ends and is not waited for until the test is
// over, and returns its id.
func startZombie(t *testing.T) int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Wait() })
	if _, err := io.Copy(io.Discard, out); err != nil { // ends when the process does
		t.Fatal(err)
	}
	if runtime.GOOS != "linux" { // only Linux tells a zombie
		child.Wait()
		return child.Process.Pid
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child.Process.Pid))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the child does not become a zombie: %s, %v", stat, err)
		}
		if bytes.Contains(stat, []byte(") Z ")) {
			break
		}
	}
	return child.Process.Pid
}
