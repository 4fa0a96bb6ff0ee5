package emulator

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"iter"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// Answers to a second write of a user while the first is under way.
const (
	OverlapQuota    = google.OverlapQuota    // the quota error "concurrent write request"; the default
	OverlapAborted  = google.OverlapAborted  // ABORTED
	OverlapInternal = google.OverlapInternal // INTERNAL
	OverlapAllowed  = google.OverlapAllowed
)

// Answers to an upload token that an item was already made of.
const (
	SpentAccepted = photos.SpentAccepted // the same item again; the default
	SpentItem     = photos.SpentItem     // that item fails with code 3
	SpentRequest  = photos.SpentRequest  // the whole request fails
)

// GoogleOptions are the switches of Google OAuth and Google Photos. The zero
// value behaves as the real services do, strictly. Counts and durations that are
// zero take the value named with them.
type GoogleOptions struct {
	// OAuth.
	Clients     []OAuthClient // none: one desktop client
	User        string        // who consents; "": visitor@example.com
	AutoConsent bool          // the consent page redirects at once
	DenyConsent bool          // with AutoConsent: the user declines
	GrantScopes []string      // with AutoConsent: what the user leaves ticked; nil: everything
	Testing     bool          // publishing status "Testing": refresh tokens live 7 days

	// Uploads.
	Granularity       int64         // bytes; 262144
	UploadURLLife     time.Duration // 7 days
	UploadTokenLife   time.Duration // 24 hours
	MaxUpload         int64         // bytes; 20 GB of 2^30
	RefuseAtStart     bool          // too large a declared size fails at the start already
	BadURLStatus      int           // for unknown, expired and cancelled upload URLs; 400
	ExactPrefix       bool          // a cut request keeps every byte, not whole granules
	TokenOnQuery      bool          // the query of a finalized session repeats the token
	UploadsAreCounted bool          // upload requests count against the daily quota

	// Creating.
	PartialStatus      int           // HTTP status when some items fail; 200
	Overlap            string        // OverlapQuota
	WriteTime          time.Duration // how long a write takes; 5 ms; negative: none
	SpentTokens        string        // SpentAccepted
	UnknownAlbumStatus int           // of batchCreate with an unknown album; 404
	AlbumCapacity      int           // items; 20000
	Storage            int64         // bytes the account may hold; 0: no limit

	// Reading.
	ProcessingTime time.Duration // until a new video is READY; 1 minute; negative: none
	ListDelay      time.Duration // until a new item is listed; 0
	AlbumListDelay time.Duration // until a new album is listed; 0
	ShortPages     bool          // pages hold half of what they could
	EmptyPage      bool          // an empty page with a token follows the first
	RepeatBoundary bool          // the last row of a page comes again as the first of the next
	BareBaseURL    bool          // a base URL works without parameters

	// Quotas.
	DailyRequests   int64 // per project; 10000
	DailyDownloads  int64 // requests of base URLs per project; 75000
	WritesPerMinute int   // per user; 30

	// Cost.
	KeepFile int64 // a file up to this size is kept whole; 64 MiB
	KeepAll  int64 // of all files together, before the oldest lose their bytes; 512 MiB
	// Digest, if not nil, stands in for the SHA-256 that distinguishes files
	// by: where a fast client is to be measured, a fast server must not spend
	// its time on hashing. Of its sum the first 32 bytes count; its state has to
	// be an encoding.BinaryMarshaler's, as those of the standard library are.
	Digest func() hash.Hash
}

const (
	defaultUser    = "visitor@example.com"
	defaultProject = "407408718192"
)

func defaultTo[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// complete puts the defaults in and checks what was given.
func (o *GoogleOptions) complete() error {
	if len(o.Clients) == 0 {
		o.Clients = []OAuthClient{{
			ID:      defaultProject + emulatedClient,
			Secret:  "GOCSPX-" + google.Opaque(28),
			Project: defaultProject,
		}}
	}
	defaultTo(&o.User, defaultUser)
	defaultTo(&o.Granularity, 256<<10)
	defaultTo(&o.UploadURLLife, 7*24*time.Hour)
	defaultTo(&o.UploadTokenLife, 24*time.Hour)
	defaultTo(&o.MaxUpload, 20<<30)
	defaultTo(&o.BadURLStatus, 400)
	defaultTo(&o.PartialStatus, 200)
	defaultTo(&o.Overlap, OverlapQuota)
	defaultTo(&o.WriteTime, 5*time.Millisecond)
	defaultTo(&o.UnknownAlbumStatus, 404)
	defaultTo(&o.AlbumCapacity, 20_000)
	defaultTo(&o.ProcessingTime, time.Minute)
	defaultTo(&o.DailyRequests, 10_000)
	defaultTo(&o.DailyDownloads, 75_000)
	defaultTo(&o.WritesPerMinute, 30)
	defaultTo(&o.KeepFile, 64<<20)
	defaultTo(&o.KeepAll, 512<<20)
	if o.Digest == nil {
		o.Digest = sha256.New
	}
	return o.check()
}

func (o *GoogleOptions) check() error {
	switch o.Overlap {
	case OverlapQuota, OverlapAborted, OverlapInternal, OverlapAllowed:
	default:
		return fmt.Errorf("unknown answer to overlapping writes %q", o.Overlap)
	}
	switch o.SpentTokens {
	case SpentAccepted, SpentItem, SpentRequest:
	default:
		return fmt.Errorf("unknown answer to spent upload tokens %q", o.SpentTokens)
	}
	if o.Granularity < 1 {
		return errors.New("upload granularity is not positive")
	}
	for _, c := range o.Clients {
		if c.ID == "" || c.Project == "" {
			return errors.New("OAuth client without an id or a project")
		}
	}
	return nil
}

// PhotosScopes are the three scopes of the Library API that still work: append,
// read what the app created, edit what the app created.
func PhotosScopes() []string { return []string{google.ScopeAppend, google.ScopeRead, google.ScopeEdit} }

// OAuthClient is an application registered in a Google Cloud project.
type OAuthClient struct {
	ID, Secret string
	Project    string // what one client of a project creates, its others see
}

// Google is Google's authorization server and Google Photos: accounts, tokens,
// items, albums, quota. It is safe for concurrent use.
type Google struct {
	opts    GoogleOptions
	quota   *google.Quota
	oauth   *oauth.Server
	uploads *upload.Server
	photos  *photos.Service
}

func newGoogle(e *Emulator, o GoogleOptions) (*Google, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	base := func(r route.Role) func() string { return func() string { return e.base(r) } }
	g := &Google{opts: o, quota: google.NewQuota(o.DailyRequests, o.DailyDownloads, o.WritesPerMinute)}
	g.oauth = oauth.New(o.oauth(), e.Clock.Now)
	frontend := &google.Frontend{Authority: g.oauth, Quota: g.quota, Now: e.Clock.Now, WriteTime: o.WriteTime, Overlap: o.Overlap}
	g.uploads = upload.New(frontend, base(route.Photos), o.uploads())
	g.photos = photos.New(frontend, g.uploads, g.oauth.Granted, base(route.Bytes), o.photos())
	return g, nil
}

func (o *GoogleOptions) oauth() oauth.Options {
	options := oauth.Options{
		User: o.User, AutoConsent: o.AutoConsent, DenyConsent: o.DenyConsent, GrantScopes: o.GrantScopes, Testing: o.Testing,
	}
	for _, c := range o.Clients {
		options.Clients = append(options.Clients, oauth.Client(c))
	}
	return options
}

func (o *GoogleOptions) uploads() upload.Options {
	return upload.Options{
		Granularity: o.Granularity, URLLife: o.UploadURLLife, TokenLife: o.UploadTokenLife, MaxSize: o.MaxUpload,
		RefuseAtStart: o.RefuseAtStart, BadURLStatus: o.BadURLStatus, ExactPrefix: o.ExactPrefix,
		TokenOnQuery: o.TokenOnQuery, Counted: o.UploadsAreCounted, KeepFile: o.KeepFile, Digest: o.Digest,
	}
}

func (o *GoogleOptions) photos() photos.Options {
	return photos.Options{
		PartialStatus: o.PartialStatus, SpentTokens: o.SpentTokens, UnknownAlbumStatus: o.UnknownAlbumStatus,
		AlbumCapacity: o.AlbumCapacity, Storage: o.Storage, ProcessingTime: o.ProcessingTime, ListDelay: o.ListDelay,
		AlbumListDelay: o.AlbumListDelay, ShortPages: o.ShortPages, EmptyPage: o.EmptyPage,
		RepeatBoundary: o.RepeatBoundary, BareBaseURL: o.BareBaseURL, KeepAll: o.KeepAll,
	}
}

// routes are the calls that Google answers.
func (g *Google) routes() []route.Route {
	return slices.Concat(g.oauth.Routes(), g.uploads.Routes(), g.photos.Routes(), g.photos.PageRoutes(g.opts.Clients[0].Project))
}

// Item is what lies in a Google Photos account.
type Item struct {
	ID          string    `json:"id"`
	User        string    `json:"user"`
	Filename    string    `json:"filename"`
	Description string    `json:"description,omitempty"`
	SHA256      string    `json:"sha256"` // of the bytes as they were uploaded, in hex
	Size        int64     `json:"size"`   // bytes
	MIME        string    `json:"mime"`
	Created     time.Time `json:"created"` // capture time, from the file's metadata
	Added       time.Time `json:"added"`
	Width       int       `json:"width,omitempty"`  // pixels
	Height      int       `json:"height,omitempty"` // pixels
	Status      string    `json:"status,omitempty"` // of a video: PROCESSING, READY, FAILED
	Albums      []string  `json:"albums,omitempty"` // titles
	Tokens      int       `json:"tokens"`           // upload tokens that were spent on it
}

// Album is an album of a Google Photos account.
type Album struct {
	ID    string   `json:"id"`
	User  string   `json:"user"`
	Title string   `json:"title"`
	Items []string `json:"items"` // ids, in the album's order
}

// UploadState is an upload session or an upload token that nothing was made of.
type UploadState struct {
	ID       string    `json:"-"`                  // upload_id in the upload URL: a credential
	Status   string    `json:"status"`             // active, final, cancelled
	Received int64     `json:"received"`           // bytes
	Declared int64     `json:"declared,omitempty"` // bytes; 0: not announced
	Started  time.Time `json:"started"`
}

// Usage is what a project has used of the present quota day, which begins at
// midnight in California.
type Usage struct {
	Requests  int64 `json:"requests"`  // API calls
	Downloads int64 `json:"downloads"` // requests of base URLs
}

// Items returns what lies in all accounts, oldest addition first.
func (g *Google) Items() []Item {
	return convert(g.photos.Items(), func(it photos.Item) Item { return Item(it) })
}

func convert[From, To any](list []From, to func(From) To) []To {
	converted := make([]To, len(list))
	for i, v := range list {
		converted[i] = to(v)
	}
	return converted
}

// All iterates over what lies in all accounts, as Items does.
func (g *Google) All() iter.Seq[Item] { return slices.Values(g.Items()) }

// Albums returns the albums of all accounts, oldest first.
func (g *Google) Albums() []Album {
	return convert(g.photos.Albums(), func(a photos.Album) Album { return Album(a) })
}

// Uploads returns the upload sessions, in no order.
func (g *Google) Uploads() []UploadState {
	return convert(g.uploads.States(), func(s upload.State) UploadState { return UploadState(s) })
}

// Usage returns what the first client's project has used of its day.
func (g *Google) Usage() Usage { return Usage(g.quota.Usage(g.opts.Clients[0].Project, g.oauth.Now())) }

// Drop forgets an item, as if the user had deleted it for good. It reports
// whether there was one.
func (g *Google) Drop(id string) bool { return g.photos.Drop(id) }

// DropAlbum forgets an album and leaves its items. It reports whether there was
// one.
func (g *Google) DropAlbum(id string) bool { return g.photos.DropAlbum(id) }

// DropUploads forgets all upload sessions.
func (g *Google) DropUploads() { g.uploads.ForgetAll() }

// FailVideo makes a video end as FAILED. It reports whether there was one.
func (g *Google) FailVideo(id string) bool { return g.photos.FailVideo(id) }

// SetStorage limits what an account may hold, in bytes; 0 lifts the limit.
func (g *Google) SetStorage(limit int64) { g.photos.SetStorage(limit) }

// ExpireAccessTokens ends all access tokens; they can be refreshed.
func (g *Google) ExpireAccessTokens() { g.oauth.Expire("") }

// Revoke kills all grants with their access and refresh tokens.
func (g *Google) Revoke() { g.oauth.RevokeAll() }

// Put lays a file into a user's account as if it had come there by other means
// than the API: no project sees it, but its bytes count for deduplication. An
// empty user is the one of the options. It fails for bytes that are no media.
func (g *Google) Put(user, name string, data []byte) (Item, error) {
	it, err := g.photos.Put(cmp.Or(user, g.opts.User), name, data)
	return Item(it), err
}

// PutAlbum makes an album by other means than the API; no project may use it.
func (g *Google) PutAlbum(user, title string) Album {
	return Album(g.photos.PutAlbum(cmp.Or(user, g.opts.User), title))
}

// Token issues an access token for a user without the detour of a consent; no
// scopes means the three of PhotosScopes. An empty user is the one of the
// options.
func (g *Google) Token(user string, scopes ...string) string {
	return g.TokenFor(g.opts.Clients[0].ID, user, scopes...)
}

// TokenFor is Token for one of several clients. It panics if there is no such
// client.
func (g *Google) TokenFor(client, user string, scopes ...string) string {
	if len(scopes) == 0 {
		scopes = PhotosScopes()
	}
	return g.oauth.Grant(client, user, scopes).AccessToken
}
