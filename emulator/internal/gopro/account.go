package gopro

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// Options are the switches of the cloud: variants that were seen in the field. The
// zero value is what a healthy account shows today.
type Options struct {
	TokenLife     time.Duration // of a token from signing in; 0: 7 days
	TokenRequests int           // requests a token lasts for; 0: no limit
	Unauthorized  int           // status for a bad token; 0: 401 (500 was seen)
	URLLife       time.Duration // of a signed CDN URL; 0: one hour
	DeleteDelay   time.Duration // until listings show a deletion; 0: 15 seconds

	// Validators are how the CDN distinguishes the versions of an object.
	Validators cdn.Validators

	StrictRange        bool // answer 500 to a range with a time after a time, which is else read as its date
	UnfinishedNotFound bool // answer 404, not empty lists, for the download of an unfinished upload
	ProxyFirst         bool // list a proxy as tall as the source before it
	WithoutItemNumbers bool // tell chapters apart by the path of the URL only
	ChaptersDescending bool // list the last chapter first
	Shuffled           bool // list everything in another order in every download
	WithoutAvailable   bool // leave "available" out everywhere
	Extras             bool // add urls, heads and transforms to every entry
	Overcount          int  // count so many media more than there are, in every listing
	ZipOmitsMember     bool // leave the last member out of a zip
}

// Album is an album of the GoPro library.
type Album struct {
	Title string
	Media []string // ids of media
}

// Credentials that the token endpoint accepts. The password is good for all users.
const (
	ClientID     = "emulated-client"
	ClientSecret = "emulated-client-secret"
	Password     = "correct horse battery staple"
)

// Account is a GoPro account. It is safe for concurrent use.
type Account struct {
	env      Env
	options  Options
	user     string // UUID
	username string
	signer   *cdn.Signer // of URLs and thumbnail tokens
	digests  cdn.Digests

	mu       sync.Mutex
	owned    []Album              // guarded by mu; albums, by the number of their id
	media    map[string]*stored   // guarded by mu; by id
	numbers  map[string]*stored   // guarded by mu; by the number in CDN paths
	changes  int                  // guarded by mu; counts what may alter a listing
	listed   listing              // guarded by mu; the last one
	altered  map[objectKey]uint64 // guarded by mu; objects with new bytes
	turns    map[string]int       // guarded by mu; downloads by id of the medium
	tokens   tokens               // guarded by mu
	inserted int                  // guarded by mu; media added by faults
}

// stored is a medium in the account.
type stored struct {
	medium
	number  string    // in CDN paths
	updated time.Time // of the row
	trashed time.Time // zero: not
	purged  bool
}

func newAccount(c *Cloud, o AccountOptions) (*Account, error) {
	g := &Account{
		env: c.env, options: c.options, owned: o.Albums, user: o.User, username: o.Username, signer: cdn.NewSigner(),
		media: make(map[string]*stored, len(o.Library)), numbers: make(map[string]*stored, len(o.Library)),
		altered: map[objectKey]uint64{}, turns: map[string]int{},
		tokens: newTokens(c.env.Now().Add(c.options.TokenLife), c.options.TokenRequests),
	}
	if err := g.Add(o.Library...); err != nil {
		return nil, err
	}
	return g, nil
}

// User returns the id of the user, a UUID: the id of the account's own record, and
// the gopro_user_id of all rows.
func (g *Account) User() string { return g.user }

// Username returns what the user signs in with, beside GoProPassword.
func (g *Account) Username() string { return g.username }

// Add puts media into the account, as uploads do. It fails on an id that is
// empty or taken.
func (g *Account) Add(media ...sample.Medium) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range media {
		if m.ID == "" || g.media[m.ID] != nil {
			return fmt.Errorf("add medium %q: its id is empty or taken", m.ID)
		}
		s := &stored{medium: medium(m), number: cdnNumber(m.ID), updated: m.Created}
		g.media[m.ID], g.numbers[s.number] = s, s
	}
	g.changes++
	return nil
}

// Remove takes media out of the account at once, without a trace. Unknown ids
// are ignored.
func (g *Account) Remove(ids ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range ids {
		if s := g.media[id]; s != nil {
			delete(g.numbers, s.number)
			delete(g.media, id)
		}
	}
	g.changes++
}

// Library returns the media that are in the account and not in its trash, newest
// capture first.
func (g *Account) Library() sample.Library {
	g.mu.Lock()
	defer g.mu.Unlock()
	var l sample.Library
	for _, s := range g.sorted(byCapture, func(s *stored) bool { return s.trashed.IsZero() }) {
		l = append(l, sample.Medium(s.medium))
	}
	return l
}

// Change gives the original of a medium and number, from 1, new bytes and a new
// ETag, as reprocessing does. It reports whether there is such an original.
func (g *Account) Change(id string, number int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.media[id]
	if s == nil {
		return false
	}
	label := sample.LabelSource
	if len(s.Sources) == 0 {
		label = sample.LabelBaked
	}
	if s.object(label, number) == nil {
		return false
	}
	g.altered[objectKey{id, label, number}]++
	return true
}

// Original returns the bytes that the original of a medium and number, from 1, has
// now, or nil if there is no such original.
func (g *Account) Original(id string, number int) sample.Content {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.media[id]
	if s == nil {
		return nil
	}
	for _, label := range []string{sample.LabelSource, sample.LabelBaked} {
		if o := s.object(label, number); o != nil {
			return sample.Altered(o.Content, g.altered[objectKey{id, label, number}])
		}
	}
	return nil
}

func (g *Account) now() time.Time { return g.env.Now() }

// medium returns what an id names, unless it is gone or in the trash.
func (g *Account) medium(id string) (stored, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.media[id]
	if s == nil || !s.trashed.IsZero() {
		return stored{}, false
	}
	return *s, true
}

// order compares two media; the first comes first in listings.
type order func(a, b *stored) int

func byCapture(a, b *stored) int { return newest(a.Captured, b.Captured, a, b) }
func byUpload(a, b *stored) int  { return newest(a.Created, b.Created, a, b) }

func newest(a, b time.Time, x, y *stored) int {
	if c := b.Compare(a); c != 0 {
		return c
	}
	if x.ID < y.ID {
		return -1
	}
	return 1
}

// sorted returns the media that pass a filter. The caller holds g.mu.
func (g *Account) sorted(by order, keep func(*stored) bool) []*stored {
	var found []*stored
	for _, s := range g.media {
		if !s.purged && keep(s) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, by)
	return found
}

// cdnNumber is the 19-digit number of a medium in CDN paths.
func cdnNumber(id string) string {
	sum := sha256.Sum256([]byte("number of " + id))
	n := binary.BigEndian.Uint64(sum[:])%9_000_000_000_000_000_000 + 1_000_000_000_000_000_000
	return strconv.FormatUint(n, 10)
}

// fingerprint is the GUMI of a recording.
func fingerprint(id string) string {
	sum := sha256.Sum256([]byte("recording " + id))
	return hex.EncodeToString(sum[:16])
}
