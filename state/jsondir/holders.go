package jsondir

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/state"
)

// Holders iterates who holds which session. A lock that turns out to be free is
// shared for an instant to find that out.
func (b *db) Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(*state.LockedError, bool) bool) {
		var dirs []string
		_ = b.entries(ctx, func(e fs.DirEntry) {
			if e.IsDir() {
				dirs = append(dirs, e.Name())
			}
		})
		for _, dir := range dirs {
			s := &session{b: b, dir: dir}
			said := s.lockedError()
			if ctx.Err() != nil || said.PID == 0 {
				continue // free: a lock that was given back says so in the file
			}
			if !yield(said, s.isLocked()) {
				return
			}
		}
	}
}

// isLocked reports whether a process holds the session's lock.
func (s *session) isLocked() bool {
	name := filepath.Join(s.b.path, filepath.FromSlash(s.lockFile()))
	lock := flock.New(name, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if free {
		lock.Unlock()
	}
	return err == nil && !free
}
