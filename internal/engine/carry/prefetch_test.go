package carry

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// prefetched is a source that notes what is prefetched.
type prefetched struct {
	station.Source
	mu    sync.Mutex
	names []string
}

func (p *prefetched) Prefetch(_ context.Context, it media.Item) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = append(p.names, it.Name)
	return nil
}

// TestPrefetchComesTooLate: on a busy machine a prefetch gets its turn when the
// transfer of its item has begun, or ended.
func TestPrefetchComesTooLate(t *testing.T) {
	source := new(prefetched)
	p := newPrefetcher(t.Context(), source)
	p.begun.Store(2)
	var next []*state.Item
	for i, name := range []string{"begun", "begun, too", "next", "after it"} {
		next = append(next, &state.Item{Seq: int64(i + 1), Item: media.Item{Name: name}})
	}
	p.prefetch(next)
	p.wait()
	slices.Sort(source.names)
	if want := []string{"after it", "next"}; !slices.Equal(source.names, want) {
		t.Errorf("prefetched %q, want %q", source.names, want)
	}
}
