package describe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/describe"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// source knows the title of each item, or fails.
type source struct {
	station.Source
	fails map[string]error
}

func (s source) Describe(_ context.Context, item media.Item) (station.Description, error) {
	return station.Description{Title: "of " + item.Name}, s.fails[item.Name]
}

// destination keeps titles by id.
type destination struct {
	station.Destination
	off    bool
	titles map[string]string
	refuse string // the id that no note is kept for
}

func (d *destination) Name() string           { return "shelf:" }
func (d *destination) Limits() station.Limits { return station.Limits{Batch: 2} }
func (d *destination) Annotates() bool        { return !d.off }

func (d *destination) Undescribed(_ context.Context, ids []string) (missing []bool, err error) {
	for _, id := range ids {
		_, there := d.titles[id]
		missing = append(missing, !there)
	}
	return missing, nil
}

func (d *destination) Annotate(_ context.Context, notes []station.Note) error {
	if slices.ContainsFunc(notes, func(n station.Note) bool { return n.ID == d.refuse }) {
		return &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "keep " + d.refuse}
	}
	for _, n := range notes {
		d.titles[n.ID] = n.Description.Title
	}
	return nil
}

// store holds items in memory.
type store []*state.Item

func (s store) Page(_ context.Context, q state.Query) (page []*state.Item, err error) {
	for _, it := range s {
		if it.Seq > q.After && len(page) < q.Limit {
			page = append(page, it)
		}
	}
	return page, nil
}

// arrived returns items that are at the destination.
func arrived(names ...string) (items store) {
	for i, name := range names {
		items = append(items, &state.Item{
			Item: media.Item{Name: name}, Seq: int64(i + 1), DestinationID: "id of " + name,
			Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed,
		})
	}
	return items
}

func ignore(string, ...any) {}

func Example() {
	to := &destination{titles: map[string]string{"id of b.mp4": "edited"}}
	d := describe.New(describe.Options{
		Source: source{}, Destination: to, Store: arrived("a.jpg", "b.mp4"),
		Notice: func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	})
	fmt.Println(d.Rest(context.Background()))
	fmt.Println(to.titles)
	// Output:
	// sidecars are missing in shelf: and are written now
	// <nil>
	// map[id of a.jpg:of a.jpg id of b.mp4:edited]
}

// TestRest leaves out what is not at the destination, and what cannot be described
// now.
func TestRest(t *testing.T) {
	items := arrived("a", "b", "c", "d", "e", "f")
	items[1].Create = state.Pending
	items[2].Refusal = &media.Refusal{Code: media.RefusedEmpty}
	to := &destination{titles: map[string]string{}, refuse: "id of f"}
	from := source{fails: map[string]error{
		"d": &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: "describe d"},
		"e": &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "describe e"},
	}}
	d := describe.New(describe.Options{Source: from, Destination: to, Store: items, Notice: ignore})
	if err := d.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(to.titles) != 2 || to.titles["id of a"] != "of a" || to.titles["id of e"] != "" {
		t.Errorf("described %v, want a and, by itself, e", to.titles)
	}
	if w := d.Warnings(); len(w) != 1 || !strings.Contains(w[0], "2 items") {
		t.Errorf("warnings %q", w)
	}
}

func TestSessionFaultsEndIt(t *testing.T) {
	gone := &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "describe a"}
	d := describe.New(describe.Options{
		Source: source{fails: map[string]error{"a": gone}}, Destination: &destination{titles: map[string]string{}}, Store: arrived("a"), Notice: ignore,
	})
	if err := d.Rest(t.Context()); !errors.Is(err, gone) {
		t.Errorf("%v, want %v", err, gone)
	}
}

// TestNotAsked does nothing with a destination that is not asked to annotate.
func TestNotAsked(t *testing.T) {
	to := &destination{off: true, titles: map[string]string{}}
	d := describe.New(describe.Options{Source: source{}, Destination: to, Store: arrived("a"), Notice: ignore})
	if err := errors.Join(d.Rest(t.Context()), d.Items(t.Context(), arrived("b"))); err != nil || len(to.titles) > 0 {
		t.Errorf("described %v, %v", to.titles, err)
	}
}
