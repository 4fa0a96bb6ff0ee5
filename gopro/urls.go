package gopro

import (
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/media"
)

const (
	// maxURLs bounds the cache; an address has about a kilobyte.
	maxURLs = 4096
	// enoughLife is how long an address must still live to be used.
	enoughLife = 10 * time.Minute
	// assumedLife is how long an address lives that does not say.
	assumedLife = 30 * time.Minute
)

// address is where an item's bytes are for now.
type address struct {
	entry Entry
	dies  time.Time // by the clock here
}

// urls remembers signed addresses for as long as they live, so that a transfer
// right after the listing need not resolve its item again. It is safe for
// concurrent use.
type urls struct {
	mu sync.Mutex
	by map[media.ID]address
}

// get returns the address of an item if it lives long enough.
func (u *urls) get(id media.ID) (Entry, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	a, ok := u.by[id]
	if ok && time.Until(a.dies) <= enoughLife {
		delete(u.by, id)
		ok = false
	}
	return a.entry, ok
}

// forget drops an address that was refused, or an item that is done.
func (u *urls) forget(id media.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.by, id)
}

// put remembers the addresses of a medium that was just resolved. When the cache
// is full, those of the listing give way, since it runs ahead; those that a
// transfer asked for (urgent) take the place of any others.
func (u *urls) put(medium string, entries []Entry, served time.Time, urgent bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = make(map[media.ID]address)
	}
	for _, e := range entries {
		if !e.usable() {
			continue
		}
		id := objectID(medium, e)
		if _, known := u.by[id]; !known && len(u.by) >= maxURLs && !u.makeRoom(urgent) {
			return
		}
		u.by[id] = address{e, time.Now().Add(lifetime(e.URL, served))}
	}
}

// makeRoom drops what is dead, or else, if need be, any one address.
func (u *urls) makeRoom(urgent bool) bool {
	for id, a := range u.by {
		if time.Until(a.dies) <= enoughLife {
			delete(u.by, id)
		}
	}
	for id := range u.by {
		if len(u.by) < maxURLs || !urgent {
			break
		}
		delete(u.by, id)
	}
	return len(u.by) < maxURLs
}

// lifetime reads from a signed address how long it lives, counted from when the
// service made it by its own clock.
func lifetime(signed string, served time.Time) time.Duration {
	u, err := url.Parse(signed)
	if err != nil {
		return 0
	}
	if served.IsZero() {
		served = time.Now()
	}
	expires, err := strconv.ParseInt(u.Query().Get("Expires"), 10, 64)
	if err != nil {
		return assumedLife
	}
	return time.Unix(expires, 0).Sub(served)
}
