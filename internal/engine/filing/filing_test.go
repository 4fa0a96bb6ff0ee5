package filing

import (
	"fmt"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
)

func titled(titles ...string) (albums []media.Album) {
	for _, title := range titles {
		albums = append(albums, media.Album{Title: title})
	}
	return albums
}

func TestPlan(t *testing.T) {
	item := media.Item{
		Name: "a.jpg", Dir: "alps/day 1", CapturedAt: time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC),
		Albums: []media.Album{{ID: "1", Title: "Alps"}, {ID: "2", Title: "Alps"}, {Title: "alps / day 1"}, {ID: "1", Title: "again"}},
	}
	zone := time.FixedZone("-01:00", -60*60)
	for _, c := range []struct {
		template string
		mirror   bool
		want     string
	}{
		{"", false, "[]"},
		{"{year}-{month}", false, "[{ 2025-12}]"},
		{"{camera}", false, "[]"},
		{"{folder}", true, "[{ alps / day 1} {1 Alps} {2 Alps}]"},
		{"", true, "[{1 Alps} {2 Alps} { alps / day 1}]"},
	} {
		p, err := New(c.template, c.mirror, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.Albums(&item)); got != c.want {
			t.Errorf("%q, %v: %s, want %s", c.template, c.mirror, got, c.want)
		}
		if p.IsZero() != (c.template == "" && !c.mirror) {
			t.Errorf("%q, %v: IsZero %v", c.template, c.mirror, p.IsZero())
		}
	}
	for _, template := range []string{"{yaer}", "{year", " ", "a\x00b"} {
		if _, err := New(template, false, nil); err == nil {
			t.Errorf("%q is a template", template)
		}
	}
	if p, _ := New("in {album}", false, nil); !p.AsksSource() || p.Mirrors() {
		t.Error("a title of an album does not ask for albums")
	}
}

func TestChanged(t *testing.T) {
	for _, c := range []struct {
		unfiled, had, want, left []media.Album
	}{
		{nil, titled("a"), titled("a", "b"), titled("b")},
		{titled("a"), titled("a"), titled("a", "b"), titled("a", "b")},
		{titled("a", "b"), titled("a", "b"), titled("b"), titled("b")},
		{nil, titled("a"), nil, nil},
		{nil, []media.Album{{ID: "1", Title: "before"}}, []media.Album{{ID: "1", Title: "after"}}, nil},
	} {
		if got := Changed(c.unfiled, c.had, c.want); fmt.Sprint(got) != fmt.Sprint(c.left) {
			t.Errorf("%v: %v, want %v", c, got, c.left)
		}
	}
}

// A plan says which albums an item goes into.
func ExamplePlan() {
	p, err := New("{folder} {year}", true, time.UTC)
	if err != nil {
		fmt.Println(err)
		return
	}
	item := media.Item{
		Dir: "films/alps", CapturedAt: time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC),
		Albums: []media.Album{{ID: "5d0c", Title: "Winter"}},
	}
	for _, a := range p.Albums(&item) {
		fmt.Println(a.Title)
	}
	// Output:
	// films / alps 2026
	// Winter
}
