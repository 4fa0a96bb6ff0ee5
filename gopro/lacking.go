package gopro

import (
	"sync/atomic"

	"github.com/gondola-sync/gondola/media"
)

// lacking bounds what is spent on manifests that lack what rows say there is. It
// is safe for concurrent use.
type lacking struct {
	inRow atomic.Int32 // media that lacked the same when they were asked for again
}

// maxLacking is how many media in a row may prove that asking again is in vain.
const maxLacking = 8

// rereads is how often to ask again when so many of all files are lacking: as for
// short pages if there is none, once if some are there.
func (l *lacking) rereads(missing, all int) int {
	switch {
	case missing == 0 || l.inRow.Load() >= maxLacking:
		return 0
	case missing < all:
		return 1
	}
	return maxRereads
}

// count notes what asking again came to.
func (l *lacking) count(again, missing int) {
	switch {
	case missing == 0:
		l.inRow.Store(0)
	case again > 0:
		l.inRow.Add(1)
	}
}

// lackingAssets counts the files that a manifest should list and does not.
func lackingAssets(assets []Asset) (n int) {
	for _, a := range assets {
		if a.Refusal != nil && a.Refusal.Code == media.RefusedIncomplete {
			n++
		}
	}
	return n
}
