package session

import (
	"context"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// began is when everything was captured, give or take.
var began = time.Date(2025, 1, 1, 9, 0, 0, 0, time.UTC)

// Listed is an item as a listing finds it, with what a source usually reports.
// Its medium has the id of the nth medium of a benchmark's library.
func Listed(n int) *state.Item {
	taken := began.Add(time.Duration(n) * time.Second)
	name := fmt.Sprintf("GOPR%07d.JPG", n)
	return &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("bench%08d", n), Part: 1, Label: "source"},
			Name: name, LegacyName: name, Size: 2e6, MIME: "image/jpeg", Kind: media.Photo, Type: "Photo",
			Width: 5312, Height: 2988, Camera: "HERO12 Black", CapturedAt: taken, CreatedAt: taken.Add(time.Hour),
		},
		Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
}

// Done is a listed item that has been carried and registered since.
func Done(n int) *state.Item {
	it := Listed(n)
	it.Transfer, it.Create = state.Completed, state.Completed
	it.DestinationID = fmt.Sprintf("AH0myB%092d", n)
	it.SHA256 = fmt.Sprintf("%064x", n)
	it.Carried = it.Size
	it.CarriedAt, it.RegisteredAt = it.CapturedAt.Add(time.Hour), it.CapturedAt.Add(2*time.Hour)
	return it
}

// page is how many items are stored at once.
const page = 500

// Fill stores a session of so many items, of which the last few await transfer
// as after a listing that was walked to its end. Pending items are numbered from
// 0, the others after them.
func Fill(ctx context.Context, b state.Backend, id string, items, pending int) error {
	window := media.Window{Start: began, End: began.AddDate(0, 6, 0)}
	s := state.NewSession(id, window, began)
	s.From, s.To, s.Quality = "gopro:", "gphotos:", "source"
	s.Stages[state.Discovery], s.Stages[state.Transfer] = state.Completed, state.Running
	s.ProvenAt = window.End.Add(time.Hour)
	if err := b.PutSession(ctx, s); err != nil {
		return err
	}
	batch := make([]*state.Item, 0, page)
	flush := func() error {
		err := b.PutItems(ctx, id, batch...)
		batch = batch[:0]
		return err
	}
	for i := range items {
		if left := items - i; left > pending {
			batch = append(batch, Done(pending+i))
		} else {
			batch = append(batch, Listed(pending-left))
		}
		if len(batch) == page {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return flush()
}
