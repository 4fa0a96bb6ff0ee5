package register

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// albumSettles is how long a listing of albums may lack one that was created.
const albumSettles = 30 * time.Second

// albums are the albums of the destination as a run knows them.
type albums struct {
	r    *Registrar
	open map[string]string // ids, by owner
	lost map[string]string // ids of albums that could not be written to, by owner
	// begun are the owners of albums whose last part nothing was put into yet.
	begun map[string]bool
}

func newAlbums(r *Registrar) *albums {
	a := &albums{r: r, open: map[string]string{}, lost: map[string]string{}, begun: map[string]bool{}}
	if s := r.Store.Header(); s.AlbumID != "" {
		a.open[ownerOf(media.Album{Title: s.Album})] = s.AlbumID
	}
	return a
}

// ownerOf identifies an album among all others.
func ownerOf(a media.Album) string {
	if a.ID == "" {
		return "title/" + a.Title
	}
	return "id/" + a.ID
}

// id returns the id of the album that takes items of a, which is found or created.
// Titles are not unique at the destination: no other run of the account writes
// meanwhile, and the ledger remembers which album a title means.
func (x *albums) id(ctx context.Context, a media.Album) (string, error) {
	owner := ownerOf(a)
	if id := x.open[owner]; id != "" {
		return id, nil
	}
	if err := x.awaitSource(ctx, a); err != nil {
		return "", err
	}
	release, err := x.r.lane.Hold(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	n, known, err := x.name(ctx, a)
	if err != nil {
		return "", err
	}
	id, err := x.onRecord(ctx, n.current(), x.lost[owner])
	if err == nil && id == "" {
		id, err = x.make(ctx, n.current(), a)
	}
	if err == nil && !known && a.ID != "" {
		err = x.recordName(a, n)
	}
	if err != nil {
		return "", err
	}
	x.open[owner] = id
	return id, x.keep(a, id)
}

// awaitSource waits for the source before an album gets its title: a run that is
// resumed registers what was carried before, and may need it before any is listed.
func (x *albums) awaitSource(ctx context.Context, a media.Album) error {
	if a.ID == "" {
		return nil
	}
	stored, err := x.recallName(ctx, a)
	if err != nil || stored != nil {
		return err
	}
	return x.r.awaitAlbum(ctx, a)
}

// keep stores in the session which album its template named.
func (x *albums) keep(a media.Album, id string) error {
	s := x.r.Store.Header()
	if s.Album == "" || a.ID != "" || s.AlbumID != "" && a.Title != s.Album {
		return nil
	}
	return x.r.Store.Update(func(s *state.Session) { s.AlbumID = id })
}

// name is what an album is called at the destination.
type name struct {
	Title string `json:"title"`          // of its first part
	From  string `json:"from,omitempty"` // title at the source that Title was made of
	Part  int    `json:"part,omitempty"` // that takes items, from 2; 0 for the first
}

// current returns the title of the part that takes items.
func (n name) current() string { return n.part(n.Part) }

func (n name) part(number int) string {
	if number < 2 {
		return n.Title
	}
	return media.MarkTitle(n.Title, strconv.Itoa(number))
}

// name returns the name of an album: the one that the ledger knows, or one to be
// recorded when the album is there.
func (x *albums) name(ctx context.Context, a media.Album) (n name, known bool, err error) {
	stored, err := x.recallName(ctx, a)
	switch {
	case err != nil:
		return n, false, err
	case stored != nil:
		return *stored, true, nil
	case a.ID == "":
		return name{Title: a.Title}, false, nil
	}
	title, err := x.freeTitle(ctx, a)
	return name{Title: title, From: a.Title}, false, err
}

// recallName returns what the ledger knows of the name of an album, or nil.
func (x *albums) recallName(ctx context.Context, a media.Album) (*name, error) {
	entry, err := x.r.Store.Recall(ctx, state.SourceAlbumKey(ownerOf(a)))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	n := new(name)
	if json.Unmarshal([]byte(entry.DestinationID), n) != nil || n.Title == "" {
		return nil, nil // of a later version
	}
	return n, nil
}

func (x *albums) recordName(a media.Album, n name) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return x.r.Store.Record(state.LedgerEntry{Key: state.SourceAlbumKey(ownerOf(a)), DestinationID: string(text), At: time.Now().UTC()})
}

// freeTitle returns a title for an album of the source that no other one has. An
// album that was known by its title alone becomes that of the source.
func (x *albums) freeTitle(ctx context.Context, a media.Album) (string, error) {
	titles := candidates(a)
	if x.comesLater(a) {
		titles = titles[1:]
	}
	for _, title := range titles {
		entry, err := x.r.Store.Recall(ctx, state.AlbumKey(title))
		switch {
		case errors.Is(err, state.ErrNotFound):
			return title, nil
		case err != nil:
			return "", err
		case entry.Version == "" && entry.DestinationID != "":
			return title, x.record(title, entry.DestinationID, a)
		case entry.Version == "" || entry.Version == mark(a):
			return title, nil
		}
	}
	return "", &fault.Error{Class: fault.Session, Code: fault.Album, Op: fmt.Sprintf("find a free title for the album %q", a.Title)}
}

// comesLater reports whether the source lists another album of the same title before
// this one: that one keeps the title, whichever is needed first.
func (x *albums) comesLater(a media.Album) bool {
	for _, other := range x.r.listedAlbums() {
		if other.Same(a) {
			return false
		}
		if other.Title == a.Title {
			return true
		}
	}
	return false
}

// marks spell the mark of an album in lower case.
var marks = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// mark distinguishes an album of the source from others of its title; "" for one
// that its title identifies.
func mark(a media.Album) string {
	if a.ID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(ownerOf(a)))
	return marks.EncodeToString(sum[:])[:26]
}

// candidates are the titles to try for an album: its own, then with a mark of its
// identity.
func candidates(a media.Album) []string {
	full := mark(a)
	return []string{a.Title, media.MarkTitle(a.Title, full[:6]), media.MarkTitle(a.Title, full)}
}

// onRecord returns the album that the ledger knows by the title, or "", also
// if it is the lost one. If an earlier run has begun to create it and it is not
// known whether it did, onRecord waits until a listing would show it.
func (x *albums) onRecord(ctx context.Context, title, lostID string) (string, error) {
	entry, err := x.r.Store.Recall(ctx, state.AlbumKey(title))
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
	return "", x.awaitListing(ctx, title, entry.At)
}

// awaitListing waits until an album that was created at some moment is listed.
func (x *albums) awaitListing(ctx context.Context, title string, created time.Time) error {
	left := min(time.Until(created.Add(albumSettles)), albumSettles) // whatever the other clock says
	if left <= 0 {
		return nil
	}
	x.r.Report.Waiting(fault.Wait{Reason: fmt.Sprintf("an earlier run may have created the album %q", title), Until: time.Now().Add(left).UTC()})
	return retry.Sleep(ctx, left)
}

// make finds or creates an album. The ledger says so before and after, so that a
// run that is killed in between does not let the next one create another.
func (x *albums) make(ctx context.Context, title string, a media.Album) (string, error) {
	service, ok := x.r.Destination.(station.Albums)
	if !ok {
		return "", &fault.Error{Class: fault.Session, Code: fault.Album, Op: x.r.Destination.Name() + " has no albums", Hint: "name another session without an album"}
	}
	if err := x.record(title, "", a); err != nil {
		return "", err
	}
	id, err := service.Album(ctx, title)
	if err != nil {
		return "", err
	}
	return id, x.record(title, id, a)
}

// record stores which album a title means, and whose it is: the entry's Version is
// the mark of an album of the source.
func (x *albums) record(title, id string, a media.Album) error {
	return x.r.Store.Record(state.LedgerEntry{Key: state.AlbumKey(title), DestinationID: id, Version: mark(a), At: time.Now().UTC()})
}

// renew forgets an album that a call failed because of, and reports whether to call
// again: once in a run for an album that is gone, which its owner may delete at any
// time, and for each part of one that is full.
func (x *albums) renew(ctx context.Context, a media.Album, cause error) (again bool, err error) {
	switch owner := ownerOf(a); {
	case fault.CodeOf(cause) == fault.AlbumFull && x.begun[owner]:
		return false, nil // a new part is said to be full: the next run tries a further one
	case fault.CodeOf(cause) == fault.AlbumFull:
		delete(x.open, owner)
		x.begun[owner] = true
		return true, x.nextPart(ctx, a)
	case fault.CodeOf(cause) != fault.Album || x.open[owner] == "" || x.lost[owner] != "":
		return false, nil // it could not be opened, or its place is taken already
	default:
		x.r.Report.Notice("the album %q is not there any more or cannot be written to; another one takes its place", a.Title)
		x.lost[owner] = x.open[owner]
		delete(x.open, owner)
		x.r.Store.Change(func(s *state.Session) {
			if s.AlbumID == x.lost[owner] {
				s.AlbumID = ""
			}
		})
		return true, nil
	}
}

// filled notes that items were put into an album.
func (x *albums) filled(a media.Album) { delete(x.begun, ownerOf(a)) }

// nextPart lets a further album take what an album that is full does not.
func (x *albums) nextPart(ctx context.Context, a media.Album) error {
	n, _, err := x.name(ctx, a)
	if err != nil {
		return err
	}
	full := n.current()
	n.Part = max(n.Part, 1) + 1
	x.r.Report.Notice("the album %q is full; %q takes the next items", full, n.current())
	return x.recordName(a, n)
}
