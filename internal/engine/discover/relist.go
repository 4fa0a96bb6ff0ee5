package discover

import (
	"context"
	"iter"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// listing starts the listing of the source. A source that can leave out what the
// session holds already does.
func (d *Discoverer) listing(ctx context.Context, notice func(string)) (iter.Seq2[media.Item, error], error) {
	source, ok := d.Source.(station.Relister)
	if !ok {
		return d.Source.List(ctx, d.Window), nil
	}
	known, err := d.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	o := station.ListOptions{
		Window:   d.Window,
		Known:    known.Has,
		Wants:    d.Session.Filter.TakesType,
		Describe: d.Describe,
		Notice:   notice,
		Album:    d.Album,
	}
	if d.Foreign {
		o.Carried = func(name string) (string, bool) { return d.carried(ctx, name) }
	}
	return source.Relist(ctx, o), nil
}

// catalogue reads the session's items.
func (d *Discoverer) catalogue(ctx context.Context) (*Catalogue, error) {
	c := NewCatalogue()
	for it, err := range d.Store.Items(ctx, state.Query{}) {
		if err != nil {
			return nil, err
		}
		d.Repeats.Note(it)
		c.Add(it)
	}
	return c, nil
}
