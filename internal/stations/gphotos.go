package stations

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
)

// GPhotos opens Google Photos.
type GPhotos struct {
	url         string
	credentials string
	token       string
	headless    bool // of a login
}

func gphotosKind() app.Kind {
	return app.Kind{
		Scheme: gphotos.Scheme,
		About:  "Google Photos",
		Meters: []string{"gphotos_json", "gphotos_upload"},
		Keys:   []string{profile.KeyCredentials, profile.KeyToken, profile.KeyStore},
		Login:  "google",
		New:    func() app.Opener { return new(GPhotos) },
	}
}

// AddFlags implements [app.Opener].
func (g *GPhotos) AddFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&g.credentials, "credentials", "", "`FILE` with the OAuth client of the Google Cloud project (default: client_secret.json beside the tokens, here or in the config directory)")
	flags.StringVar(&g.token, "token", "", "`FILE` with the tokens of the Google account (default: token.json beside the client, here or in the config directory)")
	flags.StringVar(&g.url, "gphotos-url", gphotos.DefaultBaseURL, "`URL` of the Google Photos API")
	must(cmd.MarkFlagFilename("credentials", "json"))
	must(cmd.MarkFlagFilename("token", "json"))
	noCompletion(cmd, "gphotos-url")
}

// endpoint returns the address of the API; a usage error, if it makes no sense.
func (g *GPhotos) endpoint() (string, error) { return endpoint("--gphotos-url", g.url) }

// Destination implements [app.Destination].
func (g *GPhotos) Destination(_ context.Context, e *app.Env, uri app.URI, o app.DestinationOptions) (*app.OpenDestination, error) {
	destination, store, err := g.open(e, uri, sizing(o.ChunkMultiplier))
	if err != nil {
		return nil, err
	}
	return &app.OpenDestination{Destination: destination, Remember: remember(store)}, nil
}

// Lister implements [app.Lister].
func (g *GPhotos) Lister(_ context.Context, e *app.Env, uri app.URI) (app.List, error) {
	destination, _, err := g.open(e, uri, resumable.Sizing{})
	return destination, err
}

// Refuse implements [app.Destination].
func (g *GPhotos) Refuse(item media.Item) *media.Refusal { return gphotos.Refuse(item) }

func (g *GPhotos) open(e *app.Env, uri app.URI, sizing resumable.Sizing) (*gphotos.Destination, *auth.Store, error) {
	base, err := g.endpoint()
	if err != nil {
		return nil, nil, err
	}
	login, err := g.config(e, uri.Profile)
	if err != nil {
		return nil, nil, err
	}
	tokens := auth.NewTokens(login)
	client, err := gphotos.NewClient(gphotos.Options{
		BaseURL: base, Tokens: tokens, Logger: e.Log, UserAgent: e.UserAgent, OnWait: e.OnWait, Sizing: sizing,
	})
	if err != nil {
		return nil, nil, err
	}
	destination, err := gphotos.NewDestination(client, gphotos.DestinationOptions{Name: uri.Station()})
	return destination, login.Store, err
}

// granularity is the piece that Google's upload lengths are multiples of, in bytes.
const granularity = 256 << 10

// sizing returns segments of one fixed length, or lets
// them fit the line.
func sizing(multiplier int) resumable.Sizing {
	n := int64(multiplier) * granularity
	return resumable.Sizing{First: n, Min: n, Max: n}
}

// remember returns a function that stores the id of an item beside the tokens.
func remember(store *auth.Store) func(first func() (string, error)) error {
	return func(first func() (string, error)) error {
		saved, err := store.Load()
		if err != nil || saved.Probe != "" {
			return err
		}
		id, err := first()
		if err != nil || id == "" {
			return err
		}
		return store.SetProbe(id)
	}
}
