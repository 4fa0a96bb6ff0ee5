package engine_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path"

	"github.com/gondola-sync/gondola/internal/engine"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

// card is a source of two files.
type card struct{ station.Source }

func (card) Name() string                           { return "card:" }
func (card) Origin(context.Context) (string, error) { return "card:1", nil }

func (card) List(context.Context, media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for i, name := range []string{"GX010042.MP4", "GL010042.LRV"} {
			id := media.ID{Station: "card", Origin: "1", Medium: name, Part: 1}
			if !yield(media.Item{ID: id, Name: name, Size: int64(100 + i), Kind: media.Video}, nil) {
				return
			}
		}
	}
}

// shelf is a destination that takes films only.
type shelf struct{ station.Destination }

func (shelf) Name() string                            { return "shelf:" }
func (shelf) Account(context.Context) (string, error) { return "shelf:me", nil }
func (shelf) Limits() station.Limits                  { return station.Limits{Batch: 50} }

func (shelf) Refuse(item media.Item) *media.Refusal {
	if path.Ext(item.Name) == ".MP4" {
		return nil
	}
	return &media.Refusal{Code: media.RefusedType, Reason: "it is no film"}
}

func ExampleMakePlan() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	backend, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer backend.Close()
	plan, err := engine.MakePlan(context.Background(), engine.Options{
		Source: card{}, Destination: shelf{}, Backend: backend,
		Question: session.Question{From: "card:", To: "shelf:"},
		Log:      slog.New(slog.DiscardHandler),
	}, func(it engine.Planned) error {
		fmt.Println(it.Item.Name, it.Item.Refusal == nil)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.SessionID, plan.Load.Items, plan.Load.Bytes)
	// Output:
	// GX010042.MP4 true
	// GL010042.LRV false
	// card-shelf-everything 1 100
}
