package stations

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/doctor"
	"github.com/gondola-sync/gondola/internal/human"
)

// hurried is the patience with a service while a person waits for a check.
var hurried = fault.Retry{Attempts: 2, Obey: time.Minute}

// HasDefault implements [app.Account].
func (g *GoPro) HasDefault(e *app.Env) bool {
	token, err := e.Sources.GoProToken()
	return err != nil || !token.IsZero()
}

// goproMembers are the JSON members of a login.
type goproMembers struct {
	Items int   `json:"items"`
	Bytes int64 `json:"bytes"`
}

// Check implements [app.Account].
func (g *GoPro) Check(ctx context.Context, e *app.Env, name string) (app.Login, error) {
	token, err := g.readToken(ctx, e, name)
	login := app.Login{From: token.From}
	var held goproMembers
	if err == nil {
		held, err = g.ask(ctx, e, token)
	}
	if isUsage(err) {
		return login, err
	}
	login.Members, login.Err = held, err
	login.What = fmt.Sprintf("%s, %s (token from %s; GoPro does not tell its end)", human.Count(held.Items, "item"), human.Size(held.Bytes), token.From)
	return login, nil
}

// ask returns what the account of a token holds, which proves the token.
func (g *GoPro) ask(ctx context.Context, e *app.Env, token config.Secret) (goproMembers, error) {
	client, err := g.newClient(e, token, hurried)
	if err != nil {
		return goproMembers{}, err
	}
	account, err := client.User(ctx)
	return goproMembers{account.Items, account.Bytes}, err
}

// Health implements [app.Account].
func (g *GoPro) Health(ctx context.Context, e *app.Env, name string) (app.Health, error) {
	base, err := g.endpoint()
	if err != nil {
		return app.Health{}, err
	}
	token, tokenErr := g.readToken(ctx, e, name)
	if isUsage(tokenErr) {
		return app.Health{}, tokenErr
	}
	health := app.Health{
		Services: []doctor.Service{{Name: "the GoPro API", URL: base}},
		Files:    g.files(e, name, token),
		Login: goproCheck(token.From, func(ctx context.Context) (int, error) {
			if tokenErr != nil {
				return 0, tokenErr
			}
			held, err := g.ask(ctx, e, token)
			return held.Items, err
		}),
	}
	if base == gopro.DefaultBaseURL {
		health.Services = append(health.Services, doctor.Service{Name: "the GoPro CDN", URL: "https://media-cdn-vod.gopro.com", Optional: true})
	}
	return health, nil
}

// files are the files that may hold the token of a profile.
func (g *GoPro) files(e *app.Env, name string, token config.Secret) (paths []string) {
	if stored := e.Sources.Paths.GoProToken(); name == "" && stored != "" {
		paths = append(paths, stored)
	}
	switch {
	case token.File != "":
		paths = append(paths, token.File)
	case token.Origin == config.DotEnv:
		paths = append(paths, filepath.Join(e.Sources.Dir(), ".env"))
	}
	return paths
}

// goproCheck checks the GoPro token by asking for the account's own record. from
// says where the token is kept.
func goproCheck(from string, ask func(context.Context) (items int, err error)) doctor.Check {
	return doctor.Check{Name: "gopro login", Run: func(ctx context.Context) []doctor.Finding {
		items, err := ask(ctx)
		if err != nil {
			return []doctor.Finding{doctor.Refused(err, "nothing can be listed or carried from GoPro", "gondola login gopro")}
		}
		return []doctor.Finding{{Level: doctor.OK, What: fmt.Sprintf("GoPro accepts the token from %s: %s; it does not tell when the token ends, which may be within hours or days",
			from, human.Count(items, "item"))}}
	}}
}
