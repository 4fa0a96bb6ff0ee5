package stationtest

import (
	"encoding/json"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// testDescribe asks a source for what it knows of its items: the same in the process
// that listed them and in another.
func testDescribe(t *testing.T, h Source) {
	s := h.Open(t)
	from, ok := s.(station.Describer)
	if !ok {
		t.Skip("no Describer")
	}
	later := h.Open(t).(station.Describer)
	for item, err := range s.List(t.Context(), media.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		d, err := from.Describe(t.Context(), item)
		if err != nil || len(d.Record) > station.MostRecord || len(d.Record) > 0 && !json.Valid(d.Record) {
			t.Errorf("Describe(%s) = %+v, %v", item.Name, d, err)
		}
		again, err := later.Describe(t.Context(), item)
		if err != nil || again.Title != d.Title || again.Text != d.Text || string(again.Record) != string(d.Record) {
			t.Errorf("in another process, Describe(%s) = %+v, %v; want %+v", item.Name, again, err, d)
		}
	}
	ctx, _ := cancelled(t)
	_, err := h.Open(t).(station.Describer).Describe(ctx, h.Library[0].Item)
	wantStopped(t, "Describe", err)
}

// testAnnotate lets a destination keep descriptions with its items.
func testAnnotate(t *testing.T, h Destination) {
	d := h.Open(t)
	to, ok := d.(station.Annotator)
	if !ok || !to.Annotates() {
		t.Skip("no Annotator that is asked to annotate")
	}
	a, b := carry(t, d, h.File(1, h.Least+100)), carry(t, d, h.File(2, h.Least+200))
	ids := append(mustCreate(t, d, a, b), "no item of this name")
	undescribed := func(want ...bool) {
		t.Helper()
		got, err := h.Open(t).(station.Annotator).Undescribed(t.Context(), ids)
		for i := range want {
			if err != nil || len(got) != len(want) || got[i] != want[i] {
				t.Fatalf("Undescribed = %v, %v; want %v", got, err, want)
			}
		}
	}
	undescribed(true, true, false)
	notes := []station.Note{{ID: ids[0], Item: a.Item, Description: station.Description{Title: "Summer"}}}
	for range 2 { // repeating the call is safe
		if err := to.Annotate(t.Context(), notes); err != nil {
			t.Fatal(err)
		}
	}
	undescribed(false, true, false)
	if held := h.Held(t); len(held) != 2 {
		t.Errorf("with a description, %d items are held: %+v", len(held), held)
	}
	ctx, _ := cancelled(t)
	wantStopped(t, "Annotate", to.Annotate(ctx, notes))
}
