package sessioncopy

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/state"
)

// memory is a store of whole sessions as JSON texts.
type memory map[string][]byte

func (m memory) Load(_ context.Context, id string) (*state.Document, error) {
	data, ok := m[id]
	if !ok {
		return nil, state.ErrNotFound
	}
	d := &state.Document{}
	return d, json.Unmarshal(data, d)
}

func (m memory) Save(_ context.Context, d *state.Document) error {
	data, err := json.Marshal(d)
	m[d.Session.ID] = data
	return err
}

func (m memory) Delete(_ context.Context, id string) error {
	delete(m, id)
	return nil
}

// TestKilledAtEveryChange copies with a death before each change of either
// store. What is left is nothing, marked as not whole, or the whole; and the same
// command makes it whole.
func TestKilledAtEveryChange(t *testing.T) {
	whole := false
	for n := 0; !whole; n++ {
		fromStore, toStore := memory{}, memory{}
		from, to := state.Adapt(fromStore), state.Adapt(toStore)
		s := stored(t, from, 7)
		want := sum(t, from, s.ID)
		left := crash.After(n, nil) // of both stores
		c := newCopier(crash.Backend{Backend: from, Countdown: left}, crash.Backend{Backend: to, Countdown: left}, s.ID, Options{Remove: true})
		c.piece = 3
		_, err := c.run(t.Context())
		whole = err == nil
		must(t, errors.Join(from.Close(), to.Close()))

		from, to = state.Adapt(fromStore), state.Adapt(toStore)
		copied, err := to.Session(t.Context(), s.ID)
		switch {
		case errors.Is(err, state.ErrNotFound):
		case err != nil:
			t.Fatal(err)
		case !copied.Copying && sum(t, to, s.ID) != want:
			t.Errorf("killed at change %d: what looks whole is not", n)
		}
		if !whole {
			if sum(t, from, s.ID) != want {
				t.Errorf("killed at change %d: the original has changed", n)
			}
			_, err := Copy(t.Context(), from, to, s.ID, Options{Remove: true})
			must(t, err)
		}
		if sum(t, to, s.ID) != want {
			t.Errorf("killed at change %d: the copy is not the same in the end", n)
		}
		if _, err := from.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("killed at change %d: the original is still there: %v", n, err)
		}
		if n > 50 {
			t.Fatal("it never comes to an end")
		}
	}
}

func TestCancelled(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	s := stored(t, from, 4)
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := newCopier(from, to, s.ID, Options{Progress: func(bool, int) { cancel(stopped) }})
	c.piece = 2
	_, err := c.run(ctx)
	if !errors.Is(err, stopped) {
		t.Errorf("%v, want the cause", err)
	}
	if _, err := to.Session(t.Context(), s.ID); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("what was left: %v, want nothing", err)
	}
	if lock, err := from.Lock(t.Context(), s.ID); err != nil {
		t.Error(err)
	} else {
		must(t, lock.Unlock())
	}
}
