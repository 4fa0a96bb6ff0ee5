package register

import (
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// followTitles renames the albums whose titles at the source are others than those
// that their titles at the destination were made of. What a run that is killed has
// not renamed, the next one does: it lists the albums again.
func (x *albums) followTitles(ctx context.Context, to station.Filer) error {
	for _, a := range x.r.listedAlbums() {
		stored, err := x.recallName(ctx, a)
		if err != nil {
			return err
		}
		if stored == nil || stored.From == a.Title {
			continue
		}
		if err := x.rename(ctx, to, a, *stored); err != nil {
			if fault.ClassOf(err) == fault.Session {
				return err
			}
			x.r.Report.Notice("the album %q keeps its former title %q at the destination: %v", a.Title, stored.Title, err)
		}
	}
	return nil
}

// rename gives all parts of an album titles that are made of its present one.
func (x *albums) rename(ctx context.Context, to station.Filer, a media.Album, before name) error {
	release, err := x.r.lane.Hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	title, err := x.freeTitle(ctx, a)
	if err != nil {
		return err
	}
	now := name{Title: title, From: a.Title, Part: before.Part}
	for part := range max(before.Part, 1) {
		if err := x.renamePart(ctx, to, a, before.part(part+1), now.part(part+1)); err != nil {
			return err
		}
	}
	x.r.Report.Notice("the album %q is now called %q", before.Title, now.Title)
	return x.recordName(a, now)
}

// renamePart renames one album, if it is there. The ledger knows it by both titles
// until it has the new one.
func (x *albums) renamePart(ctx context.Context, to station.Filer, a media.Album, before, now string) error {
	entry, err := x.r.Store.Recall(ctx, state.AlbumKey(before))
	switch {
	case errors.Is(err, state.ErrNotFound) || before == now:
		return nil
	case err != nil:
		return err
	}
	if id := entry.DestinationID; id != "" {
		err := to.RenameAlbum(ctx, id, now)
		if err == nil {
			err = x.record(now, id, a)
		}
		if err != nil && fault.CodeOf(err) != fault.Album { // else it is gone
			return err
		}
	}
	return x.r.Store.Record(state.LedgerEntry{Key: state.AlbumKey(before), At: time.Now().UTC(), Gone: true})
}
