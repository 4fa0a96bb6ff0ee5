package stationtest_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

func albumID(index int) string { return fmt.Sprintf("album %d", index) }

// indexOf returns the index of an album, or -1. It is called with d.mu held.
func (d *toyDestination) indexOf(id string) int {
	for i := range d.titles {
		if albumID(i) == id {
			return i
		}
	}
	return -1
}

// in returns ids of albums and that of a further one. It is called with d.mu held.
func (d *toyDestination) in(albums []string, id string) []string {
	if id == "" || slices.Contains(albums, id) && d.defect != "an item is filed twice" {
		return albums
	}
	return append(slices.Clone(albums), id)
}

// shown returns what is held, with the titles of albums.
func (v *toyVault) shown() (all []stationtest.Held) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, it := range v.held {
		var titles []string
		for _, id := range it.Albums {
			var index int
			_, _ = fmt.Sscanf(id, "album %d", &index)
			titles = append(titles, v.titles[index])
		}
		it.Albums = titles
		all = append(all, it)
	}
	return all
}

func (d *toyDestination) Album(ctx context.Context, title string) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.Index(d.titles, title)
	if at < 0 {
		at = len(d.titles)
		d.titles = append(d.titles, title)
	}
	return albumID(at), nil
}

func (d *toyDestination) AddToAlbum(ctx context.Context, album string, members []station.Member) ([]error, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	errs := make([]error, len(members))
	for i, m := range members {
		at := slices.IndexFunc(d.held, func(it stationtest.Held) bool { return it.ID == m.ID })
		switch {
		case at >= 0:
			d.held[at].Albums = d.in(d.held[at].Albums, album)
		case d.defect == "one that is not filed stops the others":
			return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "add " + m.ID}
		default:
			errs[i] = &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "add " + m.ID}
		}
	}
	return errs, nil
}

func (d *toyDestination) RenameAlbum(_ context.Context, album, title string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := d.indexOf(album); d.defect == "a renamed album is another one" {
		d.titles = append(d.titles, title)
	} else {
		d.titles[at] = title
	}
	return nil
}
