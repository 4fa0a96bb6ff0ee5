package gopro

import (
	"context"
	"sync"

	"github.com/gondola-sync/gondola/fault"
)

// maxFailing is how many media may fail to resolve in a row, one way or another,
// before the listing looks whether it is the cloud that fails.
const maxFailing = 8

// failing counts the media that failed to resolve in a row, which distinguishes
// a cloud that fails from media that do. It is safe for concurrent use.
type failing struct {
	mu    sync.Mutex
	inRow int
	good  string // a medium that was resolved
}

func (f *failing) worked(medium string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inRow, f.good = 0, medium
}

// failed counts a medium, and reports whether there are too many in a row, with
// a medium to try.
func (f *failing) failed() (tooMany bool, good string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inRow++
	return f.inRow > maxFailing, f.good
}

// attempts is how often a medium is asked for: as often as the client's policy
// says, until one has failed; then twice, until one comes again.
func (f *failing) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.inRow > 0 {
		return 2
	}
	return 0
}

// isDown reports whether a failure is the cloud's rather than the medium's: if
// nothing came over the line, whether the account's record comes; if many media
// have failed in a row, whether one comes that came before.
func (s *Source) isDown(ctx context.Context, err error) bool {
	tooMany, good := s.failing.failed()
	if fault.CodeOf(err) == fault.Unreachable && !s.client.answers(ctx) {
		return true
	}
	if !tooMany {
		return false
	}
	if good == "" {
		return true
	}
	if _, err := s.client.manifest(ctx, good, resolveAttempts); err != nil {
		return true
	}
	s.failing.worked(good)
	return false
}
