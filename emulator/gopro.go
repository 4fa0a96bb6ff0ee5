package emulator

import (
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/internal/gopro"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// GoProOptions are the switches of the GoPro half: variants that were seen in
// the field. The zero value is what a healthy account shows today.
type GoProOptions struct {
	TokenLife     time.Duration // of a token from signing in; 0: 7 days
	TokenRequests int           // requests a token lasts for; 0: no limit
	Unauthorized  int           // status for a bad token; 0: 401 (500 was seen)
	URLLife       time.Duration // of a signed CDN URL; 0: one hour
	DeleteDelay   time.Duration // until listings show a deletion; 0: 15 seconds

	// Validators are how the CDN distinguishes the versions of an object:
	// ValidateBoth, ValidateDate, ValidateWeakly or ValidateNothing.
	Validators string

	StrictRange        bool         // answer 500 to a range with a time after a time, which is else read as its date
	UnfinishedNotFound bool         // answer 404, not empty lists, for the download of an unfinished upload
	ProxyFirst         bool         // list a proxy as tall as the source before it
	WithoutItemNumbers bool         // tell chapters apart by the path of the URL only
	ChaptersDescending bool         // list the last chapter first
	Shuffled           bool         // list everything in another order in every download
	WithoutAvailable   bool         // leave "available" out everywhere
	Extras             bool         // add urls, heads and transforms to every entry
	Overcount          int          // count so many media more than there are, in every listing
	ZipOmitsMember     bool         // leave the last member out of a zip
	Albums             []GoProAlbum // of the default account
}

// How the CDN distinguishes the versions of an object.
const (
	ValidateBoth    = string(cdn.Both)    // by a strong ETag and Last-Modified
	ValidateDate    = string(cdn.Date)    // by Last-Modified only
	ValidateWeakly  = string(cdn.Weak)    // by a weak ETag and Last-Modified
	ValidateNothing = string(cdn.Nothing) // not at all
)

// GoProAlbum is an album of the GoPro library.
type GoProAlbum struct {
	Title string
	Media []string // ids of media
}

// Credentials that the GoPro token endpoint accepts: the user name is that of the
// default account, the password is good for all.
const (
	GoProClientID     = gopro.ClientID
	GoProClientSecret = gopro.ClientSecret
	GoProUsername     = "ada@example.com"
	GoProPassword     = gopro.Password
)

// newGoProCloud makes the GoPro cloud, without accounts.
func newGoProCloud(e *Emulator, o GoProOptions) *gopro.Cloud {
	env := gopro.Env{Now: e.Clock.Now, Start: e.Clock.start, CDN: func() string { return e.base(route.CDN) }}
	return gopro.NewCloud(env, gopro.Options{
		TokenLife: o.TokenLife, TokenRequests: o.TokenRequests, Unauthorized: o.Unauthorized,
		URLLife: o.URLLife, DeleteDelay: o.DeleteDelay, Validators: cdn.Validators(o.Validators),
		StrictRange: o.StrictRange, UnfinishedNotFound: o.UnfinishedNotFound, ProxyFirst: o.ProxyFirst,
		WithoutItemNumbers: o.WithoutItemNumbers, ChaptersDescending: o.ChaptersDescending, Shuffled: o.Shuffled,
		WithoutAvailable: o.WithoutAvailable, Extras: o.Extras, Overcount: o.Overcount, ZipOmitsMember: o.ZipOmitsMember,
	})
}

// GoPro is a GoPro account. It is safe for concurrent use.
type GoPro struct{ account *gopro.Account }

// openGoPro opens an account of the cloud.
func openGoPro(c *gopro.Cloud, user, username string, l Library, albums []GoProAlbum) (*GoPro, error) {
	o := gopro.AccountOptions{User: user, Username: username, Library: l}
	for _, a := range albums {
		o.Albums = append(o.Albums, gopro.Album(a))
	}
	account, err := c.Open(o)
	if err != nil {
		return nil, err
	}
	return &GoPro{account}, nil
}

// User returns the id of the user, a UUID: the id of the account's own record, and
// the gopro_user_id of all rows.
func (g *GoPro) User() string { return g.account.User() }

// Username returns what the user signs in with, beside GoProPassword.
func (g *GoPro) Username() string { return g.account.Username() }

// Add puts media into the account, as uploads do. It fails on an id that is
// empty or taken.
func (g *GoPro) Add(media ...Medium) error { return g.account.Add(media...) }

// Remove takes media out of the account at once, without a trace. Unknown ids
// are ignored.
func (g *GoPro) Remove(ids ...string) { g.account.Remove(ids...) }

// Library returns the media that are in the account and not in its trash, newest
// capture first.
func (g *GoPro) Library() Library { return g.account.Library() }

// Change gives the original of a medium and number, from 1, new bytes and a new
// ETag, as reprocessing does. It reports whether there is such an original.
func (g *GoPro) Change(id string, number int) bool { return g.account.Change(id, number) }

// Original returns the bytes that the original of a medium and number, from 1, has
// now, or nil if there is no such original.
func (g *GoPro) Original(id string, number int) Content { return g.account.Original(id, number) }

// PutAlbum makes an album, as the user does in the app, and returns its id.
func (g *GoPro) PutAlbum(a GoProAlbum) (id string) { return g.account.PutAlbum(gopro.Album(a)) }

// RenameAlbum gives an album another title. It reports whether there is one.
func (g *GoPro) RenameAlbum(id, title string) bool {
	return g.account.ChangeAlbum(id, func(a *gopro.Album) { a.Title = title })
}

// AddToAlbum adds media to an album. It reports whether there is one.
func (g *GoPro) AddToAlbum(id string, media ...string) bool {
	return g.account.ChangeAlbum(id, func(a *gopro.Album) { a.Media = append(a.Media, media...) })
}

// Token returns the access token that the user would copy out of a browser now.
func (g *GoPro) Token() string { return g.account.Token() }

// ExpireToken ends all access tokens; Token then returns a new one, as after
// signing in again.
func (g *GoPro) ExpireToken() { g.account.ExpireToken() }

// Expectation is one file of the account and what a mover to Google Photos
// should make of it.
type Expectation struct {
	Medium  string `json:"medium"`
	Part    int    `json:"part"` // from 1
	Label   string `json:"label"`
	Name    string `json:"name"`   // as the camera gave it; "" if there is no file
	Size    int64  `json:"size"`   // bytes
	SHA256  string `json:"sha256"` // lower-case hex
	Refused bool   `json:"refused"`
	// Why is "not_ready", "edit_project", "no_original", "incomplete", "empty",
	// "unsupported_type" or "too_large", or "" if not refused.
	Why string `json:"why,omitempty"`
}

// Expected returns an expectation for every original that the account has or
// should have, and one for each medium without any, newest capture first.
func (g *GoPro) Expected() []Expectation {
	expected := g.account.Expected()
	all := make([]Expectation, len(expected))
	for i, x := range expected {
		all[i] = Expectation(x)
	}
	return all
}
