package register

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// createsIn returns the album that an item is created in, or nil.
func (r *Registrar) createsIn(it *state.Item) *media.Album {
	if r.Filing.IsZero() {
		return nil
	}
	if all := r.Filing.Albums(&it.Item); len(all) > 0 {
		return &all[0]
	}
	return nil
}

// unfiled returns the albums that an item is still to be put into when it was created
// in one of them, or in none.
func (r *Registrar) unfiled(it *state.Item, created *media.Album) []media.Album {
	if _, ok := r.Destination.(station.Filer); !ok {
		return nil
	}
	all := r.Filing.Albums(&it.Item)
	if created == nil {
		return all
	}
	return filing.Without(all, *created)
}

// AlbumListed takes an album of the source. It may be called until Close is.
func (r *Registrar) AlbumListed(a media.Album) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listed = append(r.listed, a)
	close(r.another)
	r.another = make(chan struct{})
}

// awaitAlbum waits until the source has listed an album, and so all before it, or has
// listed everything.
func (r *Registrar) awaitAlbum(ctx context.Context, a media.Album) error {
	for {
		r.mu.Lock()
		there, another := slices.ContainsFunc(r.listed, a.Same), r.another
		r.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-another:
		case <-r.Listed:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listedAlbums returns the albums of the source that were listed so far.
func (r *Registrar) listedAlbums() []media.Album {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listed[:len(r.listed):len(r.listed)]
}

// filer puts items that are there into albums.
type filer struct {
	r       *Registrar
	to      station.Filer
	albums  *albums
	waiting []*album
	items   int // in waiting, each once for each of its albums
	begun   bool
}

// album is an album, and items that are to be put into it.
type album struct {
	media.Album
	items []*state.Item
}

// file renames the albums that were renamed at the source, and puts the items into
// albums that the store says are not in them yet: what an earlier run left, too.
func (r *Registrar) file(ctx context.Context, a *albums) error {
	to, ok := r.Destination.(station.Filer)
	if !ok || r.Filing.IsZero() {
		return nil
	}
	if err := a.followTitles(ctx, to); err != nil {
		return err
	}
	f := &filer{r: r, to: to, albums: a}
	var after int64
	for {
		page, err := r.Store.Page(ctx, state.Query{Awaiting: state.Filing, After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return f.drain(ctx)
		}
		for _, it := range page {
			after = it.Seq
			if err := f.take(ctx, it); err != nil {
				return err
			}
		}
	}
}

// finish registers what waits, fills the albums and puts them in order.
func (r *Registrar) finish(ctx context.Context, b *batcher) error {
	if err := errors.Join(b.drain(ctx), r.file(ctx, b.albums)); err != nil {
		return err
	}
	to, ok := r.Destination.(station.Orderer)
	if !ok || r.Filing.IsZero() {
		return nil
	}
	return to.OrderAlbums(ctx)
}

// take notes the albums of an item, and fills the one that has a batch, or the one
// with most items if too many wait.
func (f *filer) take(ctx context.Context, it *state.Item) error {
	for _, a := range it.Unfiled {
		to := f.of(a)
		to.items = append(to.items, it)
		f.items++
		most := to
		for _, other := range f.waiting {
			if len(other.items) > len(most.items) {
				most = other
			}
		}
		batch := f.r.Destination.Limits().Batch
		if len(most.items) < batch && f.items < ahead*batch {
			continue
		}
		if err := f.fill(ctx, most); err != nil {
			return err
		}
	}
	return nil
}

// of returns what waits for an album.
func (f *filer) of(a media.Album) *album {
	for _, w := range f.waiting {
		if w.Same(a) {
			return w
		}
	}
	w := &album{Album: a}
	f.waiting = append(f.waiting, w)
	return w
}

func (f *filer) drain(ctx context.Context) error {
	for len(f.waiting) > 0 {
		if err := f.fill(ctx, f.waiting[0]); err != nil {
			return err
		}
	}
	return nil
}

// fill puts the items that wait for an album into it, and stores what became of each.
func (f *filer) fill(ctx context.Context, a *album) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	f.items -= len(a.items)
	for i, w := range f.waiting {
		if w == a {
			f.waiting = append(f.waiting[:i:i], f.waiting[i+1:]...)
			break
		}
	}
	errs, err := f.add(ctx, a)
	if err != nil {
		return err
	}
	var failed error
	for i, it := range a.items {
		if ended := f.filed(it, a.Album, errs[i]); failed == nil {
			failed = ended
		}
	}
	return errors.Join(f.r.Store.Put(a.items...), failed)
}

// begin begins the stage, and says what goes on now.
func (f *filer) begin(ctx context.Context) error {
	if f.begun {
		return nil
	}
	f.begun = true
	f.r.Report.Notice("putting items that are there into their albums")
	return f.r.Begin(ctx)
}

// filed records what became of an item. An error ends the run.
func (f *filer) filed(it *state.Item, a media.Album, err error) error {
	lifecycle.Filed(it, a, err)
	if err == nil {
		return nil
	}
	if fault.ClassOf(err) == fault.Session {
		return err
	}
	return f.r.Failed(it, fmt.Errorf("put it into the album %q: %w", a.Title, err))
}

// add calls until the album, or one that takes its place, answers.
func (f *filer) add(ctx context.Context, a *album) (errs []error, err error) {
	members := make([]station.Member, len(a.items))
	for i, it := range a.items {
		members[i] = station.Member{ID: it.DestinationID, Item: it.Item}
	}
	for {
		id, err := f.albums.id(ctx, a.Album)
		if err != nil {
			return nil, err
		}
		err = retry.Do(ctx, f.r.policy(), func(ctx context.Context) (err error) {
			errs, err = f.to.AddToAlbum(ctx, id, members)
			return err
		})
		if err == nil && len(errs) != len(members) {
			err = &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: fmt.Sprintf("put %d items into an album: %d results", len(members), len(errs))}
		}
		if err == nil {
			f.albums.filled(a.Album)
			return errs, nil
		}
		if again, renewErr := f.albums.renew(ctx, a.Album, err); !again || renewErr != nil {
			return nil, errors.Join(err, renewErr)
		}
	}
}
