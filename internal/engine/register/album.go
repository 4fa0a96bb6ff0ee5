package register

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// albumSettles is how long a listing of albums may lack one that was created.
const albumSettles = 30 * time.Second

// album is what a run knows of its session's album.
type album struct {
	lostID  string // id of the album that could not be written to
	renewed bool
}

// open finds or creates the album before anything is put into it. Titles are not
// unique at the destination: no other run of the account writes meanwhile, and the
// ledger remembers which album a title means.
func (a *album) open(ctx context.Context, r *Registrar) error {
	s := r.Store.Header()
	if s.Album == "" || s.AlbumID != "" {
		return nil
	}
	release, err := r.lane.Hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	id, err := r.albumOnRecord(ctx, s.Album, a.lostID)
	if err == nil && id == "" {
		id, err = r.makeAlbum(ctx, s.Album)
	}
	if err != nil {
		return err
	}
	return r.Store.Update(func(s *state.Session) { s.AlbumID = id })
}

// albumOnRecord returns the album that the ledger knows by the title, or "", also
// if it is the lost one. If an earlier run has begun to create it and it is not
// known whether it did, albumOnRecord waits until a listing would show it.
func (r *Registrar) albumOnRecord(ctx context.Context, title, lostID string) (string, error) {
	entry, err := r.Store.Recall(ctx, state.AlbumKey(title))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case entry.DestinationID != "" && entry.DestinationID == lostID:
		return "", nil
	case entry.DestinationID != "":
		return entry.DestinationID, nil
	}
	return "", r.awaitListing(ctx, title, entry.At)
}

// awaitListing waits until an album that was created at some moment is listed.
func (r *Registrar) awaitListing(ctx context.Context, title string, created time.Time) error {
	left := min(time.Until(created.Add(albumSettles)), albumSettles) // whatever the other clock says
	if left <= 0 {
		return nil
	}
	r.Report.Waiting(fault.Wait{Reason: fmt.Sprintf("an earlier run may have created the album %q", title), Until: time.Now().Add(left).UTC()})
	return retry.Sleep(ctx, left)
}

// makeAlbum finds or creates the album. The ledger says so before and after, so
// that a run that is killed in between does not let the next one create another.
func (r *Registrar) makeAlbum(ctx context.Context, title string) (string, error) {
	albums, ok := r.Destination.(station.Albums)
	if !ok {
		return "", &fault.Error{Class: fault.Session, Code: fault.Album, Op: r.Destination.Name() + " has no albums", Hint: "name another session without an album"}
	}
	if err := r.recordAlbum(title, ""); err != nil {
		return "", err
	}
	id, err := albums.Album(ctx, title)
	if err != nil {
		return "", err
	}
	return id, r.recordAlbum(title, id)
}

func (r *Registrar) recordAlbum(title, id string) error {
	return r.Store.Record(state.LedgerEntry{Key: state.AlbumKey(title), DestinationID: id, At: time.Now().UTC()})
}

// lost forgets the album, once in a run, if a call failed because of it: albums
// are deleted by their owners, and another one of the title will do.
func (a *album) lost(r *Registrar, err error) bool {
	if fault.CodeOf(err) != fault.Album || a.renewed {
		return false
	}
	a.renewed = true
	s := r.Store.Header()
	r.Report.Notice("the album %q is not there any more or cannot be written to; another one takes its place", s.Album)
	a.lostID = s.AlbumID
	r.Store.Change(func(s *state.Session) { s.AlbumID = "" })
	return true
}
