package stations

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/station"
)

// storedToken is the name of the file with the token of a profile.
const storedToken = "token"

// GoPro opens the GoPro cloud.
type GoPro struct {
	url    string
	tokens map[string]config.Secret // of profiles that were read
}

func goproKind() app.Kind {
	return app.Kind{
		Scheme: gopro.Scheme,
		About:  "the GoPro cloud",
		Types:  gopro.MediaTypes(),
		Meters: []string{"gopro", "cdn"},
		Keys:   []string{profile.KeyToken, profile.KeyCommand, profile.KeyStore},
		Login:  "gopro",
		New:    func() app.Opener { return new(GoPro) },
	}
}

// AddFlags implements [app.Opener].
func (g *GoPro) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.url, "gopro-url", gopro.DefaultBaseURL, "`URL` of the GoPro API")
	noCompletion(cmd, "gopro-url")
}

// Source implements [app.Source].
func (g *GoPro) Source(ctx context.Context, e *app.Env, uri app.URI, o app.SourceOptions) (station.Source, error) {
	token, err := g.readToken(ctx, e, uri.Profile)
	if err != nil {
		return nil, err
	}
	client, err := g.newClient(e, token, fault.Retry{})
	if err != nil {
		return nil, err
	}
	source, err := gopro.NewSource(client, gopro.SourceOptions{Quality: o.Quality, Name: uri.Station()})
	if err != nil {
		return nil, fmt.Errorf("--quality: %w", err)
	}
	return source, nil
}

// newClient returns a client of the account that a token opens.
func (g *GoPro) newClient(e *app.Env, token config.Secret, patience fault.Retry) (*gopro.Client, error) {
	base, err := g.endpoint()
	if err != nil {
		return nil, err
	}
	return gopro.NewClient(gopro.Options{
		BaseURL: base, Token: token.Reveal(), Logger: e.Log, UserAgent: e.UserAgent, OnWait: e.OnWait, Retry: patience,
	})
}

// endpoint returns the address of the API; a usage error, if it makes no sense.
func (g *GoPro) endpoint() (string, error) { return endpoint("--gopro-url", g.url) }

// readToken returns the token of a profile, "" for the default one, or the zero
// Secret if there is none. It is a usage error if the token is not for the address
// that is set.
func (g *GoPro) readToken(ctx context.Context, e *app.Env, name string) (token config.Secret, err error) {
	if name == "" {
		token, err = g.defaultToken(e)
	} else {
		token, err = g.profileToken(ctx, e, name)
	}
	if err != nil {
		return token, err
	}
	e.Learn(token.Reveal())
	if token.IsZero() {
		return token, nil
	}
	if token.Origin == config.DotEnv {
		e.Note("The GoPro token is the one that .env in the working directory names: " + token.From)
	}
	return token, g.checkCredential(e, token)
}

func (g *GoPro) defaultToken(e *app.Env) (config.Secret, error) {
	token, err := e.Sources.GoProToken()
	if err != nil {
		return token, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "read the GoPro token", Err: err,
			Hint: "put the token into that file, or let gondola login gopro store it",
		}
	}
	return token, nil
}

// profileToken returns the token of a named profile. Its command is run once.
func (g *GoPro) profileToken(ctx context.Context, e *app.Env, name string) (config.Secret, error) {
	p, err := e.Profile(goproKind(), name)
	if err != nil {
		return config.Secret{}, err
	}
	if token, ok := g.tokens[name]; ok {
		return token, nil
	}
	token, err := p.Token(ctx, storedToken)
	if err != nil {
		return token, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "read the GoPro token of " + p.String(), Err: err,
			Hint: "mend the table [" + gopro.Scheme + "." + name + "] of the config file, or run: gondola login gopro",
		}
	}
	if g.tokens == nil {
		g.tokens = map[string]config.Secret{}
	}
	g.tokens[name] = token
	return token, nil
}

// checkCredential returns a usage error if .env names the address of the API and
// not the credential that would go there.
func (g *GoPro) checkCredential(e *app.Env, token config.Secret) error {
	if g.url == gopro.DefaultBaseURL {
		return nil
	}
	return e.Sources.CheckEndpoint("gopro-url", e.Origins, token.Credential())
}

// tokenStore stores the token of a profile and returns where it is.
type tokenStore func(token string) (where string, err error)

// store returns where a login stores the token of a profile, "" for the default
// one. It is a usage error if nothing can be stored there.
func (g *GoPro) store(e *app.Env, name string) (tokenStore, error) {
	if name == "" {
		path := e.Sources.Paths.GoProToken()
		return func(token string) (string, error) { return path, config.StoreSecret(path, token) }, e.Sources.Paths.CheckConfig()
	}
	p, err := e.NewProfile(goproKind(), name)
	if err != nil {
		return nil, err
	}
	if p.Command() != nil {
		return nil, &config.UsageError{Message: fmt.Sprintf("the config file gives %s the key %s, which a login cannot store into: remove it first", p, profile.KeyCommand)}
	}
	stored, err := p.Store(storedToken)
	if err != nil {
		return nil, err
	}
	return func(token string) (string, error) {
		err := stored.Write([]byte(token))
		return stored.Where(), err
	}, nil
}
