package main

import (
	"context"
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
)

// session is one session that is killed again and again until it is complete.
type session struct {
	*machine
	id       string
	rng      *rand.Rand
	items    int
	most     int // kills
	args     []string
	album    bool
	segment  int64 // bytes, at most
	inFlight int64 // files, at most
	service  emulator.GoogleOptions

	want   map[string]emulator.Expectation // by SHA-256: what is to be carried
	refuse int                             // files that are to be skipped
	total  int64                           // bytes to be carried

	left  int64 // bytes that were still to be sent when the last run ended
	sent  int64 // bytes received by then
	kills []kill
	rest  int64 // bytes that the run which was not killed sent too many
}

// kill is what one kill cost.
type kill struct {
	at      moment
	service string        // what the service is like
	took    time.Duration // of the run
	again   int64         // bytes that had to be sent again because of it
	bound   int64         // bytes in one segment of each file in flight
}

// newSession draws a session. Everything about it follows from rng.
func newSession(binary, home, kind, transfers string, rng *rand.Rand, items, most int) (*session, error) {
	s := &session{rng: rng, items: items, most: most, segment: ownSegment, inFlight: gondola.MostTransfers, want: map[string]emulator.Expectation{}}
	if n, err := strconv.ParseInt(transfers, 10, 64); err == nil {
		s.inFlight = n
	}
	s.id = "chaos-" + filepath.Base(home) // sessions may share a store
	s.args = []string{"sync", "--json", "--session-id", s.id, "--transfers", transfers}
	if rng.IntN(2) == 0 {
		s.args = append(s.args, "--start", "2025-01-01", "--end", "2025-12-31")
	}
	if s.album = rng.IntN(2) == 0; s.album {
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
	var err error
	s.machine, err = newMachine(binary, home, kind, emulator.Options{Library: library(rng, items), Google: *google})
	if err != nil {
		return nil, err
	}
	for _, e := range s.cloud.GoPro.Expected() {
		if e.Refused {
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
		if len(s.kills) < s.most {
			at = newMoment(s.rng, s.items)
			due = at.due(s.cloud)
		}
		l, err := s.live(ctx, due, s.args...)
		if err != nil {
			return err
		}
		again, err := s.account(ctx)
		if err != nil {
			return err
		}
		if !l.killed {
			s.rest = again
			return errors.Join(s.prove(ctx, l), s.repeat(ctx))
		}
		bound := s.segment * s.inFlight
		if s.kindOfService() == forgiving && again > bound {
			return fmt.Errorf("after a kill at %v, %d bytes have to be sent again, more than the %d in a segment of each file in flight", at, again, bound)
		}
		s.kills = append(s.kills, kill{at, s.kindOfService(), l.took, again, bound})
	}
}

// Kinds of services, told apart by what they do with tokens.
const (
	forgiving = "forgiving"  // repeats the token of a finished upload, takes a token again
	tellsOnce = "tells once" // tells a token with the answer that finishes the upload only
	takesOnce = "takes once" // refuses a token that an item was made of
	strictest = "tells and takes once"
)

func (s *session) kindOfService() string {
	tells, takes := !s.service.TokenOnQuery, s.service.SpentTokens != emulator.SpentAccepted
	switch {
	case tells && takes:
		return strictest
	case tells:
		return tellsOnce
	case takes:
		return takesOnce
	}
	return forgiving
}

// account returns how many of the bytes received since the last run have to be
// sent again: what was received, less what is now less to be sent.
func (s *session) account(ctx context.Context) (again int64, err error) {
	if err := s.server.Settle(ctx); err != nil {
		return 0, err
	}
	left, err := s.remaining(ctx)
	if err != nil {
		return 0, fmt.Errorf("the state cannot be read: %w", err)
	}
	var sent int64
	for _, e := range s.cloud.Log.Entries("upload.*") {
		sent += e.In
	}
	again = (sent - s.sent) - (s.left - left)
	s.sent, s.left = sent, left
	return again, nil
}

// remaining returns how many bytes the next run has to send: those of files
// that are not carried, less what the service holds of them.
func (s *session) remaining(ctx context.Context) (int64, error) {
	left := s.total
	uploads := map[string]emulator.UploadState{}
	for _, u := range s.cloud.Google.Uploads() {
		uploads[u.ID] = u
	}
	items, err := s.stored(ctx)
	for _, it := range items {
		if it.Transfer == state.Completed {
			left -= it.Carried
		} else {
			left -= s.held(it, uploads)
		}
	}
	return left, err
}

// held returns how many bytes of an unfinished upload need not be sent again:
// those the service holds, unless it finished the upload and does not repeat the
// token that the dead client did not live to read.
func (s *session) held(it *state.Item, uploads map[string]emulator.UploadState) int64 {
	if it.Checkpoint == nil {
		return 0
	}
	at, err := url.Parse(it.Checkpoint.URL)
	if err != nil {
		return 0
	}
	u := uploads[at.Query().Get("upload_id")]
	if u.Status == "active" || u.Status == "final" && s.service.TokenOnQuery {
		return u.Received
	}
	return 0
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
	for it, err := range backend.Items(ctx, s.id, state.ItemQuery{}) {
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
