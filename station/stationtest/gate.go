package stationtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/station"
)

// testGate lets the writes of several calls through a gate.
func testGate(t *testing.T, h Destination) {
	d := h.Open(t)
	gated, ok := d.(station.Gated)
	if !ok {
		t.Skip("no Gated")
	}
	if p := gated.Pace(); p.Writes < 0 || p.Writes > 0 && p.Per <= 0 {
		t.Errorf("a pace of %d writes in %v", p.Writes, p.Per)
	}
	files := []carried{carry(t, d, h.File(1, h.Least)), carry(t, d, h.File(2, h.Least)), carry(t, d, h.File(3, h.Least))}
	g := &gate{turn: make(chan struct{}, 1)}
	through := gated.Gate(g)
	var calls sync.WaitGroup
	for _, c := range files[:2] {
		calls.Go(func() { _, _ = through.Create(t.Context(), station.Batch{Entries: []station.Entry{c.entry()}}) })
	}
	if a, ok := through.(station.Albums); ok {
		calls.Go(func() { _, _ = a.Album(t.Context(), "Summer") })
	}
	calls.Wait()
	passed := g.passed
	if passed < 2 || g.left != passed {
		t.Errorf("%d writes of two batches went through the gate, and %d left it", passed, g.left)
	}
	id := mustCreate(t, d, files[2])[0]
	if g.passed != passed {
		t.Error("a write of the destination itself went through the gate")
	}
	h.wantHeld(t, files[0].File, files[1].File, files[2].File)
	if f, ok := through.(station.Filer); ok {
		filing{h, f}.add(t, filing{h, f}.album(t, "Summer"), []station.Member{{ID: id, Item: files[2].Item}})
		if g.passed == passed || g.left != g.passed {
			t.Errorf("%d writes that fill an album went through the gate", g.passed-passed)
		}
	}

	g.closed = errors.New("the gate is closed")
	b := station.Batch{Entries: []station.Entry{carry(t, d, h.File(4, h.Least)).entry()}}
	if _, err := through.Create(t.Context(), b); !errors.Is(err, g.closed) {
		t.Errorf("through a closed gate: %v", err)
	}
	h.wantHeld(t, files[0].File, files[1].File, files[2].File)
}

// gate lets one write at a time through, and counts them.
type gate struct {
	closed error

	turn   chan struct{} // full while a write is under way
	mu     sync.Mutex    // guards what follows
	passed int
	left   int
}

func (g *gate) Enter(context.Context) (leave func(), err error) {
	if g.closed != nil {
		return nil, g.closed
	}
	g.turn <- struct{}{}
	defer g.count(&g.passed)
	return func() { g.count(&g.left); <-g.turn }, nil
}

func (g *gate) count(n *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*n++
}
