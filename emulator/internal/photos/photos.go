package photos

import (
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// Options are the switches of the Library API.
type Options struct {
	PartialStatus      int    // HTTP status when some items of a batch fail
	SpentTokens        string // what a used upload token is answered: SpentAccepted, …
	UnknownAlbumStatus int    // of batchCreate with an unknown album
	AlbumCapacity      int    // items
	Storage            int64  // bytes an account may hold; 0: no limit

	ProcessingTime time.Duration // until a new video is READY
	ListDelay      time.Duration // until a new item is listed
	AlbumListDelay time.Duration // until a new album is listed
	ShortPages     bool          // pages hold half of what they could
	EmptyPage      bool          // an empty page with a token follows the first
	RepeatBoundary bool          // the last row of a page comes again as the first of the next
	BareBaseURL    bool          // a base URL works without parameters

	KeepAll int64 // bytes of all files together, before the oldest lose theirs
}

// Answers to an upload token that an item was already made of.
const (
	SpentAccepted = ""        // the same item again
	SpentItem     = "item"    // that item fails with code 3
	SpentRequest  = "request" // the whole request fails
)

// Service is Google Photos: the Library API and the bytes of its items. It is safe
// for concurrent use.
type Service struct {
	frontend *google.Frontend
	uploads  *upload.Server
	granted  func(grant string) bool
	base     func() string // root of base URLs
	opts     Options
	library  *library
	signer   signer
}

// New returns a service behind a frontend, for what arrives as uploads. Base URLs
// work while their grant stands.
func New(frontend *google.Frontend, u *upload.Server, granted func(grant string) bool, base func() string, o Options) *Service {
	return &Service{frontend: frontend, uploads: u, granted: granted, base: base, opts: o, library: newLibrary(&o), signer: newSigner()}
}

// Routes are the calls of the Library API, and base URLs.
func (g *Service) Routes() []route.Route {
	return slices.Concat(g.photosRoutes(), g.albumRoutes(), g.bytesRoutes())
}

func (g *Service) now() time.Time { return g.frontend.Now() }

// Item is what lies in a Google Photos account.
type Item struct {
	ID          string
	User        string
	Filename    string
	Description string
	SHA256      string // of the bytes as they were uploaded, in hex
	Size        int64  // bytes
	MIME        string
	Created     time.Time // capture time, from the file's metadata
	Added       time.Time
	Width       int      // pixels
	Height      int      // pixels
	Status      string   // of a video: PROCESSING, READY, FAILED
	Albums      []string // titles
	Tokens      int      // upload tokens that were spent on it
}

// Album is an album of a Google Photos account.
type Album struct {
	ID    string
	User  string
	Title string
	Items []string // ids, in the album's order
}

// Items returns what lies in all accounts, oldest addition first.
func (g *Service) Items() []Item { return g.library.list(g.now()) }

// Albums returns the albums of all accounts, oldest first.
func (g *Service) Albums() []Album { return g.library.listAlbums() }

// Drop forgets an item. It reports whether there was one.
func (g *Service) Drop(id string) bool { return g.library.drop(id) }

// DropAlbum forgets an album and leaves its items. It reports whether there was
// one.
func (g *Service) DropAlbum(id string) bool { return g.library.dropAlbum(id) }

// FailVideo makes a video end as FAILED. It reports whether there was one.
func (g *Service) FailVideo(id string) bool { return g.library.fail(id) }

// SetStorage limits what an account may hold, in bytes; 0 lifts the limit.
func (g *Service) SetStorage(limit int64) { g.library.setStorage(limit) }

// Put lays a file into a user's account as if it had come there by other means
// than the API.
func (g *Service) Put(user, name string, data []byte) (Item, error) {
	it, created := g.library.put(g.uploads.FileOf(google.Caller{User: user}, data), name, "", g.now())
	if it == nil {
		return Item{}, fmt.Errorf("put %s: not a photo or video", name)
	}
	if !created {
		return Item{}, fmt.Errorf("put %s: the account has these bytes already", name)
	}
	return g.library.describe(it, g.now()), nil
}

// PutAlbum makes an album by other means than the API; no project may use it.
func (g *Service) PutAlbum(user, title string) Album {
	a := g.library.createAlbum(google.Caller{User: user}, title, g.now())
	return Album{ID: a.id, User: user, Title: title}
}
