package gondola_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// inspectable is a memoryLibrary that can be looked at, and processes videos.
type inspectable struct {
	*memoryLibrary
	asked      []int                // ids in each call
	processing map[string]time.Time // id to when it is ready
	unusable   map[string]bool
	shown      map[string]*station.RemoteItem // instead of what is there
}

func inspect(lib *memoryLibrary) *inspectable {
	return &inspectable{memoryLibrary: lib, processing: map[string]time.Time{}, unusable: map[string]bool{}, shown: map[string]*station.RemoteItem{}}
}

func (l *inspectable) Inspect(_ context.Context, ids []string) ([]*station.RemoteItem, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sorted := slices.Sorted(slices.Values(ids))
	if len(ids) == 0 || len(ids) > l.Limits().Batch || len(slices.Compact(sorted)) != len(ids) {
		return nil, fmt.Errorf("asked for %q", ids)
	}
	l.asked = append(l.asked, len(ids))
	held := make([]*station.RemoteItem, len(ids))
	for i, id := range ids {
		switch h := l.shown[id]; {
		case h != nil:
			held[i] = h
			continue
		case l.items[id] == "":
			continue
		}
		held[i] = &station.RemoteItem{Name: l.names[id], Kind: media.Video, Readiness: station.Ready}
		switch {
		case time.Now().Before(l.processing[id]):
			held[i].Readiness = station.Processing
		case l.unusable[id]:
			held[i].Readiness = station.Unusable
		}
	}
	return held, nil
}

func (l *memoryLibrary) drop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.items, id)
	delete(l.names, id)
}

// verify returns the verdicts by name, and the reasons.
func verify(t *testing.T, o gondola.VerifyOptions) (*gondola.Verification, map[string]gondola.VerifiedItem) {
	t.Helper()
	found := map[string]gondola.VerifiedItem{}
	var last int64
	o.Each = func(it gondola.VerifiedItem) error {
		if it.Item.Seq <= last {
			t.Errorf("%s comes out of order", it.Item.Name)
		}
		last = it.Item.Seq
		found[it.Item.Name] = it
		return nil
	}
	v, err := gondola.Verify(t.Context(), o)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	if v.Total != len(found) {
		t.Errorf("total %d, %d items", v.Total, len(found))
	}
	return v, found
}

func wantVerdicts(t *testing.T, v *gondola.Verification, proven bool, want map[gondola.Verdict]int) {
	t.Helper()
	if !maps.Equal(v.Items, want) || v.Proven() != proven {
		t.Errorf("verdicts %v (proven: %v), want %v (%v)", v.Items, v.Proven(), want, proven)
	}
}

func idOf(t *testing.T, b state.Backend, session, name string) string {
	t.Helper()
	it, err := b.ItemNamed(t.Context(), session, name)
	if err != nil {
		t.Fatal(err)
	}
	return it.DestinationID
}

func mustPlan(t *testing.T, o gondola.Options) *gondola.Plan {
	t.Helper()
	p, err := gondola.MakePlan(t.Context(), o, func(gondola.PlannedItem) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shelfOfOne is a store that keeps one session in memory.
type shelfOfOne struct{ d *state.Document }

func (s *shelfOfOne) Load(context.Context, string) (*state.Document, error) { return s.d, nil }
func (s *shelfOfOne) Save(_ context.Context, d *state.Document) error       { s.d = d; return nil }
