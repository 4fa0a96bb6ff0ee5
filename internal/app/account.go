package app

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/doctor"
)

// Account is implemented by openers of stations with credentials.
type Account interface {
	// HasDefault reports whether the default profile has credentials, good or not.
	HasDefault(e *Env) bool
	// Check asks the service whether the credentials of a profile are valid, "" for
	// the default one. An error is one of settings that make no sense.
	Check(ctx context.Context, e *Env, name string) (Login, error)
	// Health returns what doctor looks at for a profile. An error is one of settings
	// that make no sense.
	Health(ctx context.Context, e *Env, name string) (Health, error)
}

// Login is what is known of the credentials of a profile.
type Login struct {
	From    string    // where they are
	Until   time.Time // when they end; zero if unknown
	What    string    // what they open, in words; "" if they are not valid
	Notes   []string  // sentences on what to do about them
	Members any       // of a JSON object with all that the service said
	Err     error     // why they are not valid; nil if they are
}

// Health is what doctor looks at for a profile.
type Health struct {
	Login    doctor.Check
	Services []doctor.Service // that a run talks to
	Files    []string         // that hold credentials, whether they exist or not
	More     []doctor.Check
}

// Logins returns the names of the profiles of a kind to look at, "" for the
// default one, which is left out if it has no credentials and others exist.
func (e *Env) Logins(k Kind, account Account) ([]string, error) {
	names, err := e.Profiles.Names(k.Scheme)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || account.HasDefault(e) {
		names = append([]string{""}, names...)
	}
	return names, nil
}

// Help is what the help of a login says.
type Help struct {
	Short, Long, Example string
}

// SignIn is implemented by openers of stations that a person can log in to.
type SignIn interface {
	Opener
	Account
	// LoginHelp returns the help of the login.
	LoginHelp() Help
	// AddLoginFlags adds the flags that the login has beyond those of the kind.
	AddLoginFlags(cmd *cobra.Command)
	// LogIn asks for credentials, checks them and stores them for a profile, which
	// need not exist yet, "" for the default one.
	LogIn(ctx context.Context, e *Env, t Terminal, name string) (*LoggedIn, error)
}

// Terminal is what a login talks through.
type Terminal struct {
	In          io.Reader
	Interactive bool      // whether In is a terminal
	Talk        io.Writer // for what goes on; discards if the user wants it quiet
	Screen      io.Writer // for what has to be seen
	Event       func(any) // is called with what a program should know, as JSON
}

// LoggedIn is what came of a login.
type LoggedIn struct {
	From    string // where the credentials are stored
	Members any    // of a JSON object with all that the service said
	Text    string // the same in lines
	Note    string // what else has to be seen, a sentence without its full stop
}
