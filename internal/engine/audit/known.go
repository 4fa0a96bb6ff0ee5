package audit

import (
	"context"
	"iter"
	"slices"

	"github.com/gondola-sync/gondola/internal/engine/discover"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// known are the media that a session holds as the listing finds them: their items
// are read from the session, which costs the source no request.
type known struct {
	session   string
	catalogue *discover.Catalogue
	seen      []uint64 // keys of the media that the listing has come to
}

// has reports whether a medium is known, and notes that it was listed.
func (k *known) has(medium, revision string) bool {
	if !k.catalogue.Has(medium, revision) {
		return false
	}
	k.seen = append(k.seen, k.catalogue.Key(medium, revision))
	return true
}

// listing starts the listing of the source. A source that can leave out what a
// session holds already does.
func (a *auditor) listing(ctx context.Context) (iter.Seq2[media.Item, error], error) {
	source, ok := a.Source.(station.Relister)
	if !ok {
		return a.Source.List(ctx, media.Window{}), nil
	}
	o := station.ListOptions{Notice: a.Notice}
	if session := a.proven(); session != "" {
		k := &known{session: session, catalogue: discover.NewCatalogue()}
		err := a.items(ctx, session, func(it *state.Item) error { k.catalogue.Add(it); return nil })
		if err != nil {
			return nil, err
		}
		a.known, o.Known = k, k.has
	}
	return source.Relist(ctx, o), nil
}

// proven returns a session of the source that holds all its originals as they were
// when they were listed to a proven end, or "".
func (a *auditor) proven() string {
	for _, p := range a.places {
		for _, h := range p.sessions {
			whole := h.Window != nil && h.Window.IsZero() && !h.ProvenAt.IsZero()
			if whole && (h.Quality == "" || h.Quality == "source") {
				return h.ID
			}
		}
	}
	return ""
}

// items calls each for every item of a session. They are read some at a time, so that
// no iteration of the store stays open meanwhile.
func (a *auditor) items(ctx context.Context, session string, each func(*state.Item) error) error {
	page := make([]*state.Item, 0, pageSize)
	for after := int64(0); ; after = page[len(page)-1].Seq {
		page = page[:0]
		for it, err := range a.Backend.Items(ctx, session, state.Query{After: after, Limit: pageSize}) {
			if err != nil {
				return err
			}
			page = append(page, it)
		}
		if len(page) == 0 {
			return nil
		}
		for _, it := range page {
			if err := each(it); err != nil {
				return err
			}
		}
	}
}

// addKnown adds the items of the media that were listed and are known.
func (a *auditor) addKnown(ctx context.Context) error {
	if a.known == nil {
		return nil
	}
	slices.Sort(a.known.seen)
	seen := slices.Compact(a.known.seen)
	a.result.Media += len(seen)
	return a.items(ctx, a.known.session, func(it *state.Item) error {
		if _, found := slices.BinarySearch(seen, a.known.catalogue.Key(it.ID.Medium, it.Revision)); !found {
			return nil
		}
		return a.add(ctx, listed(it))
	})
}

// listed returns an item of a session as its source lists it.
func listed(it *state.Item) media.Item {
	item := it.Item
	item.Name, item.FileName = it.BaseName(), ""
	if item.Refusal != nil && slices.Contains(byDestination, item.Refusal.Code) {
		item.Refusal = nil
	}
	return item
}

// byDestination are the codes with which destinations refuse items.
var byDestination = []string{media.RefusedType, media.RefusedTooLarge, media.RefusedEmpty}
