package app

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Kind is a kind of station: a line in the registry.
type Kind struct {
	Scheme string   // of its URIs
	About  string   // such as "the GoPro cloud"
	Types  []string // its own words for what an item is; nil for none
	Keys   []string // of the tables of its profiles; nil if it has no profiles
	Meters []string // kinds of requests that each summary counts, also where none was sent
	Login  string   // the word behind "gondola login"; "" for none
	Paths  bool     // its URIs name a path, and a path alone is one of them
	// New returns an opener whose flags are not set yet.
	New func() Opener
}

// LoginCommand is the command that stores the credentials of a profile.
func (k Kind) LoginCommand(name string) string {
	command := "gondola login " + k.Login
	if name != "" {
		command += " --profile " + name
	}
	return command
}

// Named names the profile in the login commands of a text: stations know that of
// the default profile alone.
func (k Kind) Named(text, profile string) string {
	if profile == "" || k.Login == "" {
		return text
	}
	return strings.ReplaceAll(text, k.LoginCommand(""), k.LoginCommand(profile))
}

// IsSource reports whether stations of this kind can be carried from.
func (k Kind) IsSource() bool { return is[Source](k) }

// IsDestination reports whether stations of this kind can be carried to.
func (k Kind) IsDestination() bool { return is[Destination](k) }

// HasAccount reports whether stations of this kind are opened with credentials.
func (k Kind) HasAccount() bool { return is[Account](k) }

func is[T any](k Kind) bool {
	_, ok := k.New().(T)
	return ok
}

// Opener opens the stations of one kind with the values of its flags. What it
// can open is said by the interfaces below, of which it has one at least.
type Opener interface {
	// AddFlags adds the flags of the kind to a command that opens such stations,
	// whatever for. See [SourceFlags] and [DestinationFlags] for others.
	AddFlags(cmd *cobra.Command)
}

// Source is implemented by openers of stations that can be carried from.
type Source interface {
	Source(ctx context.Context, e *Env, uri URI, o SourceOptions) (station.Source, error)
}

// SourceOptions say how a source is opened.
type SourceOptions struct {
	Quality string         // "source", or a height in pixels; see the kind
	Zone    *time.Location // of capture times that come without one
}

// Destination is implemented by openers of stations that can be carried to.
type Destination interface {
	Destination(ctx context.Context, e *Env, uri URI, o DestinationOptions) (*OpenDestination, error)
	// Refuse returns why items like this one are not carried to such stations, or
	// nil. It needs no account.
	Refuse(item media.Item) *media.Refusal
}

// DestinationOptions say how a destination is opened.
type DestinationOptions struct {
	// ChunkMultiplier is the length of the pieces of an upload in units of the
	// destination's granularity; 0 fits it to the line.
	ChunkMultiplier int
	// Layout is the template of places of the session that goes on, which counts if
	// the flags set none; "" for the default one. See [Arranger].
	Layout string
	Zone   *time.Location // in which capture times are laid out
	Deep   bool           // read every byte again where what is there is looked at
}

// OpenDestination is a destination that was opened.
type OpenDestination struct {
	station.Destination
	// Remember, if not nil, stores the id of an item in the account, by which a
	// later login recognizes the account. It calls first, which returns an id or
	// "", only if it knows none yet.
	Remember func(first func() (id string, err error)) error
}

// Verifier is implemented by openers of stations that can be held against a record
// of their own.
type Verifier interface {
	// Verify calls o.Each for every file on record, and returns the name of the
	// station's account.
	Verify(ctx context.Context, e *Env, uri URI, o VerifyOptions) (account string, err error)
}

// VerifyOptions say what of a station is verified.
type VerifyOptions struct {
	Deep bool // read every byte again
	Each func(VerifiedFile) error
}

// VerifiedFile is what a verification finds of one file.
type VerifiedFile struct {
	Path, Key, Name, SHA256, Session string
	Size                             int64
	Status                           string // "verified", "missing" or "changed"
	Reason                           string // a clause; "" if it is verified
}

// Lister is implemented by openers of stations that are no sources but can be
// listed.
type Lister interface {
	Lister(ctx context.Context, e *Env, uri URI) (List, error)
}

// List is a station that can be listed.
type List interface {
	List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error]
}
