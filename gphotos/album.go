package gphotos

import (
	"cmp"
	"context"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
)

// albumSettles is how long the listing of albums may lack one that was created.
const albumSettles = 30 * time.Second

// Album returns the id of the writable album with this title among those that
// the app created, and creates it if there is none. Before each further attempt
// to create it, it looks for the album until a listing would show it: an attempt
// that got no answer may have created it. One that was created here is found again
// although no listing shows it yet.
func (d *Destination) Album(ctx context.Context, title string) (id string, err error) {
	if title, err = media.AlbumTitle(title); err != nil {
		return "", albumFault(title, &fault.Error{Class: fault.Item, Code: fault.Album, Err: err})
	}
	select {
	case d.album <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-d.album }()
	var lookErr error // that is: after all the repetitions of looking
	var patience time.Duration
	err = retry.Do(ctx, d.c.retry, func(ctx context.Context) error {
		if id, lookErr = d.awaitAlbum(ctx, title, patience); id != "" || lookErr != nil {
			return nil
		}
		made, err := d.c.CreateAlbum(ctx, title)
		if id = made.ID; fault.CodeOf(err) != fault.Rate {
			patience = albumSettles
		}
		if err == nil {
			d.made[title] = id
		}
		return albumFault(title, err)
	})
	return id, cmp.Or(err, lookErr)
}

// awaitAlbum looks for an album until it is found or patience is at an end, and
// returns "" then.
func (d *Destination) awaitAlbum(ctx context.Context, title string, patience time.Duration) (string, error) {
	deadline := time.Now().Add(patience)
	for pause := time.Second; ; pause *= 2 {
		id, err := d.findAlbum(ctx, title)
		left := time.Until(deadline)
		if id != "" || err != nil || left <= 0 {
			return id, err
		}
		if err := retry.Sleep(ctx, min(pause, left)); err != nil {
			return "", err
		}
	}
}

// findAlbum returns "" if there is no such album.
func (d *Destination) findAlbum(ctx context.Context, title string) (string, error) {
	for a, err := range d.c.Albums(ctx) {
		if err != nil {
			return "", err
		}
		if listed, _ := media.AlbumTitle(a.Title); listed == title && a.IsWriteable {
			return a.ID, nil
		}
	}
	return d.unlistedAlbum(ctx, title)
}

// unlistedAlbum returns the album that was created here, if it is still there: a
// listing may lack a new one for some seconds. It returns "" if there is none.
func (d *Destination) unlistedAlbum(ctx context.Context, title string) (string, error) {
	id := d.made[title]
	if id == "" {
		return "", nil
	}
	_, err := d.c.Album(ctx, id)
	if fault.CodeOf(err) == fault.Gone {
		delete(d.made, title)
		return "", nil
	}
	return id, err
}

// albumFault: without the album that was asked for, nothing can go on.
func albumFault(title string, err error) error {
	if err == nil || fault.ClassOf(err) != fault.Item {
		return err
	}
	return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "create album " + title, Err: err, Hint: "use another album name"}
}
