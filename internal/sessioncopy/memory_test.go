package sessioncopy

import (
	"context"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// endless is a store of very many items that keeps none: it makes them as they
// are asked for.
type endless struct {
	state.Backend
	header *state.Session
	n      int
	put    int
}

func (e *endless) Session(context.Context, string) (*state.Session, error) {
	if e.header == nil {
		return nil, state.ErrNotFound
	}
	s := *e.header
	return &s, nil
}

func (e *endless) PutSession(_ context.Context, s *state.Session) error {
	stored := *s
	e.header = &stored
	return nil
}

func (e *endless) PutItems(_ context.Context, _ string, items ...*state.Item) error {
	e.put += len(items)
	return nil
}

func (e *endless) Items(context.Context, string, state.Query) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		for n := range e.n {
			if it := item(n); !yield(it, nil) {
				return
			}
		}
	}
}

func (e *endless) Counts(context.Context, string) (state.Counts, error) {
	return state.Counts{Total: e.put}, nil
}

// TestMemoryIsFlat copies items whose documents take 8 MB and looks at the heap.
func TestMemoryIsFlat(t *testing.T) {
	const many = 8_000
	from := &endless{Backend: open(t, t.TempDir()), n: many}
	to := &endless{Backend: open(t, t.TempDir()), n: many}
	header := state.NewSession("many", media.Window{}, time.Now())
	must(t, from.Backend.PutSession(t.Context(), header))
	must(t, to.Backend.PutSession(t.Context(), header))
	from.header = header
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), uint64(0)
	r, err := Copy(t.Context(), from, to, "many", Options{Progress: func(_ bool, items int) {
		if items%1000 == 0 {
			most = max(most, heap())
		}
	}})
	must(t, err)
	if grown := int64(most - before); r.Counts.Total != many || grown > 2<<20 {
		t.Errorf("%d items copied, the heap grew by %d bytes", r.Counts.Total, grown)
	}
}
