package gphotos

import (
	"context"
	"fmt"
	"maps"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// MaxAlbum is the most items that an album holds.
const MaxAlbum = 20_000

// AddToAlbum puts items that the app created into one of its albums. The service
// takes all of a call or none: a refusal is bisected until the culprit stands alone,
// so that an item's failure is its own.
func (d *Destination) AddToAlbum(ctx context.Context, albumID string, members []station.Member) ([]error, error) {
	if len(members) > MaxBatch {
		return nil, &fault.Error{Class: fault.Session, Code: fault.Protocol,
			Op: "add to album", Err: fmt.Errorf("%d items at once, of at most %d", len(members), MaxBatch)}
	}
	a := &addition{d: d, album: albumID, errs: map[string]error{}}
	ids := distinct(members)
	if len(ids) == 0 {
		return nil, nil
	}
	if err := a.add(ctx, ids); err != nil && !a.known {
		return nil, err
	}
	out := make([]error, len(members))
	for i, m := range members {
		out[i] = a.errs[m.ID]
	}
	return out, nil
}

// distinct returns the ids of items, each once: equal bytes are one item.
func distinct(members []station.Member) (ids []string) {
	seen := map[string]bool{}
	for _, m := range members {
		if !seen[m.ID] {
			seen[m.ID] = true
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// addition is one AddToAlbum.
type addition struct {
	d     *Destination
	album string
	errs  map[string]error // by id of the item
	known bool             // something is known about some item
}

// add adds items. If it fails, each of them has the failure as its error.
func (a *addition) add(ctx context.Context, ids []string) error {
	err := a.d.c.AddToAlbum(ctx, a.album, ids)
	switch {
	case err == nil:
		a.known = true
		return nil
	case fault.ClassOf(err) == fault.Item && !a.known:
		err = a.d.blame(ctx, a.album, len(ids), err)
	}
	switch {
	case fault.ClassOf(err) != fault.Item:
		a.fail(ids, unreached(err).Err)
		return err
	case len(ids) == 1:
		a.known = true
		a.fail(ids, err)
		return nil
	}
	half := len(ids) / 2
	if err := a.add(ctx, ids[:half]); err != nil {
		a.fail(ids[half:], unreached(err).Err)
		return err
	}
	return a.add(ctx, ids[half:])
}

func (a *addition) fail(ids []string, err error) {
	for _, id := range ids {
		a.errs[id] = err
	}
}

// blame returns the failure of a call that was to put so many items into an album:
// that of the album, if it is gone or has no room for them, or else refusal, which
// blames an item.
func (d *Destination) blame(ctx context.Context, albumID string, items int, refusal error) error {
	album, err := d.c.Album(ctx, albumID)
	switch {
	case fault.CodeOf(err) == fault.Gone:
		return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "add to album", Err: refusal, Hint: albumHint}
	case err != nil && fault.ClassOf(err) != fault.Item:
		return err
	case err == nil && album.ItemsCount+int64(items) > int64(d.albumSize):
		return &fault.Error{Class: fault.Session, Code: fault.AlbumFull, Op: "add to the album " + album.Title,
			Err: fmt.Errorf("it has %d items, of at most %d", album.ItemsCount, d.albumSize)}
	}
	return refusal
}

// RenameAlbum gives an album that the app created another title.
func (d *Destination) RenameAlbum(ctx context.Context, albumID, title string) error {
	_, err := d.c.RenameAlbum(ctx, albumID, title)
	if err == nil {
		d.album <- struct{}{}
		maps.DeleteFunc(d.made, func(_, id string) bool { return id == albumID })
		d.made[title] = albumID
		<-d.album
	}
	if fault.CodeOf(err) == fault.Gone {
		return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "rename an album to " + title, Err: err, Hint: albumHint}
	}
	return err
}
