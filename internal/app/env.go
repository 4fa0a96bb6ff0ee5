package app

import (
	"fmt"
	"log/slog"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/suggest"
)

// Env is what stations need of an invocation. All fields but OnWait are required.
type Env struct {
	Sources   *config.Sources
	Origins   config.Origins // of the flags' values
	Profiles  *profile.Set
	Log       *slog.Logger
	UserAgent string
	// DotEnvStore is the URI of the store of sessions, if .env names it.
	DotEnvStore string

	// OnWait, if not nil, is called before each wait that a service asks for.
	OnWait func(fault.Wait)
	// Learn is called with each secret that is read: output is cleaned of it.
	Learn func(secret string)
	// Note is called with what the user should know, a sentence without its full
	// stop.
	Note func(text string)
	// Use is called with each profile that is used: messages name its login.
	Use func(profile.ID)
}

// Profile returns a named profile, which must exist.
func (e *Env) Profile(k Kind, name string) (*profile.Profile, error) {
	p, err := e.NewProfile(k, name)
	if err != nil || p.Exists() {
		return p, err
	}
	names, err := e.Profiles.Names(k.Scheme)
	if err != nil {
		return nil, err
	}
	return nil, &fault.Error{
		Class: fault.Session, Code: fault.Auth, Op: "read the credentials of " + p.String(),
		Err:  fmt.Errorf("there is no profile %q%s", name, suggest.DidYouMean(name, names...)),
		Hint: "run: " + k.LoginCommand(""),
	}
}

// NewProfile returns a named profile, which need not exist yet.
func (e *Env) NewProfile(k Kind, name string) (*profile.Profile, error) {
	if err := profile.CheckName(name); err != nil {
		return nil, &config.UsageError{Message: err.Error()}
	}
	id := profile.ID{Service: k.Scheme, Name: name}
	e.Use(id)
	return e.Profiles.Profile(id)
}
