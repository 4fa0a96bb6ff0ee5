package gondola

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

const (
	// albumSettles is how long a listing of albums may lack one that was created.
	albumSettles = 30 * time.Second
	// albumTurn is how long a run waits for others of its account that open an
	// album, and albumPoll how long between two looks.
	albumTurn = 10 * time.Minute
	albumPoll = 200 * time.Millisecond
)

// openAlbum finds or creates the album before anything is put into it. Titles
// are not unique at the destination: runs that share the store take turns, and
// the ledger remembers which album a title means.
func (r *run) openAlbum(ctx context.Context) (err error) {
	if r.session.Album == "" || r.session.AlbumID != "" {
		return nil
	}
	lock, err := r.lockAlbums(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	id, err := r.albumOnRecord(ctx)
	if err == nil && id == "" {
		id, err = r.makeAlbum(ctx)
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.session.AlbumID = id
	r.mu.Unlock()
	return r.saveSession()
}

// lockAlbums takes the albums of the account and waits for other runs meanwhile.
func (r *run) lockAlbums(ctx context.Context) (state.Unlocker, error) {
	began, told := time.Now(), false
	for {
		lock, err := r.opt.Backend.Lock(ctx, state.AlbumLock(r.account))
		held, ok := errors.AsType[*state.LockedError](err)
		if !ok {
			return lock, err
		}
		if time.Since(began) >= albumTurn {
			return nil, &fault.Error{
				Class: fault.Session, Code: fault.State, Op: fmt.Sprintf("open the album %q", r.session.Album),
				Err:  fmt.Errorf("process %d on %s has been opening an album since %s", held.PID, held.Host, held.Since.UTC().Format(time.RFC3339)),
				Hint: "wait until that process has ended, or end it, then run the same command again",
			}
		}
		if !told && time.Since(began) > time.Second {
			told = true
			r.waiting(fault.Wait{Reason: fmt.Sprintf("process %d on %s opens an album", held.PID, held.Host), Until: began.Add(albumTurn).UTC()})
		}
		if err := sleep(ctx, albumPoll); err != nil {
			return nil, err
		}
	}
}

// albumOnRecord returns the album that the ledger knows by the session's title,
// or "". If an earlier run has begun to create it and nobody knows whether it
// did, it waits until a listing would show it.
func (r *run) albumOnRecord(ctx context.Context) (string, error) {
	entry, err := r.opt.Backend.Recall(ctx, r.account, state.AlbumKey(r.session.Album))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case entry.DestinationID != "" && entry.DestinationID == r.lostAlbum:
		return "", nil
	case entry.DestinationID != "":
		return entry.DestinationID, nil
	}
	return "", r.awaitListing(ctx, entry.At)
}

// awaitListing waits until albums that were created at some moment are listed.
func (r *run) awaitListing(ctx context.Context, created time.Time) error {
	left := min(time.Until(created.Add(albumSettles)), albumSettles) // whatever the other clock says
	if left <= 0 {
		return nil
	}
	r.waiting(fault.Wait{Reason: fmt.Sprintf("an earlier run may have created the album %q", r.session.Album), Until: time.Now().Add(left).UTC()})
	return sleep(ctx, left)
}

// makeAlbum finds or creates the album. The ledger says so before and after, so
// that a run that is killed in between does not let the next one create another.
func (r *run) makeAlbum(ctx context.Context) (string, error) {
	if err := r.recordAlbum(""); err != nil {
		return "", err
	}
	id, err := r.opt.Destination.(station.Albums).Album(ctx, r.session.Album)
	if err != nil {
		return "", err
	}
	return id, r.recordAlbum(id)
}

func (r *run) recordAlbum(id string) error {
	return r.opt.Backend.Record(r.lasting, state.LedgerEntry{
		Account: r.account, Key: state.AlbumKey(r.session.Album), DestinationID: id,
		Session: r.id, At: time.Now().UTC(),
	})
}

// explainUnfiled says that items which were at the destination before the
// session are not put into its album: only what is created is.
func (r *run) explainUnfiled(ctx context.Context) error {
	if r.session.Album == "" {
		return nil
	}
	counts, err := r.opt.Backend.Counts(ctx, r.id)
	if n := counts.Outcomes[state.OutcomeAlreadyThere]; err == nil && n > 0 {
		r.notice("the album %q lacks the items that were at the destination before, of which there are %d: only what is created now is put into it", r.session.Album, n)
	}
	return err
}

// albumLost forgets the album, once in a run, if a call failed because of it:
// people delete albums, and another one of the title will do.
func (b *batcher) albumLost(err error) bool {
	r := b.run
	if fault.CodeOf(err) != fault.Album || b.albumRenewed {
		return false
	}
	b.albumRenewed = true
	r.notice("the album %q is not there any more or cannot be written to; another one takes its place", r.session.Album)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lostAlbum, r.session.AlbumID = r.session.AlbumID, ""
	return true
}

// sleep waits, or returns the cause of the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
