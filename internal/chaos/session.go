package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/state"
)

const (
	albumName = "Everything"
	// segment is what uploads are cut into where a session asks for pieces, in
	// granules of 256 KiB; the command's own first segment is 16 MiB.
	segmentGranules = 4
	ownSegment      = 16 * mib
	interval        = 8 * mib // in which a folder saves how far a file is
)

// session is one session that is killed again and again until it is complete.
type session struct {
	*machine
	ends     ends
	opt      sessionOptions
	id       string
	rng      *rand.Rand
	args     []string
	album    bool
	segment  int64 // bytes, at most
	inFlight int64 // files, at most
	service  emulator.GoogleOptions

	want   map[string]emulator.Expectation // by SHA-256: what is to be carried
	refuse int                             // files that are to be skipped
	total  int64                           // bytes to be carried

	left  int64           // bytes that were still to be sent when the last run ended
	sent  int64           // bytes received by then
	lost  map[string]bool // uploads that were finished by then and whose token is lost
	kills []kill
	rest  int64 // bytes that the run which was not killed sent too many
}

// sessionOptions are what all sessions of a campaign have in common, but for
// the home.
type sessionOptions struct {
	binary, home string
	pair         string // of stations
	store        string // kind of store, see newStore
	transfers    string
	line         int64 // bytes a second; 0: none
	items        int   // files
	most         int   // kills
}

// kill is what one kill cost.
type kill struct {
	at      moment
	service string        // what the service is like
	took    time.Duration // of the run
	toll
	bound int64 // bytes in one segment of each file in flight
}

// toll is the bytes that have to be sent again after a run.
type toll struct {
	again  int64
	untold int64 // among them, of uploads that were finished and whose token is lost
}

// newSession draws a session. Everything about it follows from rng.
func newSession(o sessionOptions, rng *rand.Rand) (*session, error) {
	s := &session{opt: o, rng: rng, segment: ownSegment, inFlight: gondola.MostTransfers, want: map[string]emulator.Expectation{}, lost: map[string]bool{}}
	if n, err := strconv.ParseInt(o.transfers, 10, 64); err == nil {
		s.inFlight = n
	}
	s.id = "chaos-" + filepath.Base(o.home) // sessions may share a store
	var err error
	if s.ends, err = newEnds(o.pair, o.home); err != nil {
		return nil, err
	}
	s.args = append([]string{"sync", "--json", "--session-id", s.id, "--transfers", o.transfers}, s.ends.stations()...)
	if rng.IntN(2) == 0 {
		s.args = append(s.args, "--start", "2025-01-01", "--end", "2025-12-31")
	}
	if s.album = rng.IntN(2) == 0 && s.ends == (ends{}); s.album {
		s.args = append(s.args, "--album", albumName)
	}
	if rng.IntN(2) == 0 {
		s.segment = segmentGranules * 256 * kib
		s.args = append(s.args, "--chunk-multiplier", strconv.Itoa(segmentGranules))
	}
	google := &s.service
	*google = emulator.GoogleOptions{WritesPerMinute: 1e6, DailyRequests: 1e9}
	google.TokenOnQuery = rng.IntN(2) == 0
	google.ExactPrefix = rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		google.SpentTokens = emulator.SpentItem
	}
	library := o.library(rng)
	if err := s.ends.fill(library); err != nil {
		return nil, err
	}
	s.machine, err = newMachine(o, emulator.Options{Library: library, Google: *google})
	if err != nil {
		return nil, err
	}
	for _, e := range s.cloud.GoPro.Expected() {
		if !s.ends.takes(e) {
			s.refuse++
			continue
		}
		s.want[e.SHA256] = e
		s.total += e.Size
	}
	s.left = s.total
	return s, nil
}

// run kills the command until it ends by itself, and proves that it did what it
// said.
func (s *session) run(ctx context.Context) error {
	for {
		var at moment
		var due func() bool
		if len(s.kills) < s.opt.most {
			at = s.opt.newMoment(s.rng)
			due = at.due(s)
		}
		l, err := s.live(ctx, due, s.args...)
		if err != nil {
			return err
		}
		toll, err := s.account(ctx)
		if err != nil {
			return err
		}
		if !l.killed {
			s.rest = toll.again
			return errors.Join(s.prove(ctx, l), s.repeat(ctx))
		}
		kind, bound := s.kindOfService(), s.segment*s.inFlight
		if s.ends.target != "" {
			kind, bound = disk, interval*s.inFlight
		}
		if more := toll.again - toll.untold; more > bound && kind != takesOnce && kind != strictest {
			return fmt.Errorf("after a kill at %v, %d bytes have to be sent again, more than the %d in a segment of each file in flight", at, more, bound)
		}
		s.kills = append(s.kills, kill{at, kind, l.took, toll, bound})
	}
}

// Kinds of services, by what they do with tokens.
const (
	forgiving   = "forgiving"    // repeats the token of a finished upload, takes a token again
	answersOnce = "answers once" // returns a token with the answer that finishes the upload only
	takesOnce   = "takes once"   // refuses a token that an item was made of
	strictest   = "answers and takes once"
	disk        = "disk" // none: the destination is a folder
)

func (s *session) kindOfService() string {
	answers, takes := !s.service.TokenOnQuery, s.service.SpentTokens != emulator.SpentAccepted
	switch {
	case answers && takes:
		return strictest
	case answers:
		return answersOnce
	case takes:
		return takesOnce
	}
	return forgiving
}

// account returns how many of the bytes received since the last run have to be
// sent again: what was received, less what is now less to be sent.
func (s *session) account(ctx context.Context) (t toll, err error) {
	if s.ends.target != "" {
		return s.unsaved(ctx)
	}
	if err := s.server.Settle(ctx); err != nil {
		return t, err
	}
	uploads := s.uploads()
	items, err := s.stored(ctx)
	if err != nil {
		return t, fmt.Errorf("the state cannot be read: %w", err)
	}
	left := s.total
	for _, it := range items {
		if it.Transfer == state.Completed {
			left -= it.Carried
			continue
		}
		u := uploads[uploadOf(it)]
		if u.Status == "active" || u.Status == "final" && s.service.TokenOnQuery {
			left -= u.Received
		}
		if u.Status != "final" || s.service.TokenOnQuery || s.lost[u.ID] {
			continue
		}
		s.lost[u.ID] = true
		t.untold += u.Received
	}
	var sent int64
	for _, e := range s.cloud.Log.Entries("upload.*") {
		sent += e.In
	}
	t.again = (sent - s.sent) - (s.left - left)
	s.sent, s.left = sent, left
	return t, nil
}

// uploads are the service's upload sessions by id.
func (s *session) uploads() map[string]emulator.UploadState {
	all := map[string]emulator.UploadState{}
	for _, u := range s.cloud.Google.Uploads() {
		all[u.ID] = u
	}
	return all
}

// uploadOf is the id of an item's unfinished upload; "" if it has none.
func uploadOf(it *state.Item) string {
	if it.Checkpoint == nil {
		return ""
	}
	var upload struct{ URL string }
	if json.Unmarshal(it.Checkpoint.Resume, &upload) != nil {
		return ""
	}
	at, err := url.Parse(upload.URL)
	if err != nil {
		return ""
	}
	return at.Query().Get("upload_id")
}

// stored returns the items of the session as they are stored; none if it is not
// stored yet.
func (s *session) stored(ctx context.Context) (items []*state.Item, err error) {
	backend, err := openStore(ctx, s.store)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil // not begun
	case err != nil:
		return nil, err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	for it, err := range backend.Items(ctx, s.id, state.Query{}) {
		if errors.Is(err, state.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}
