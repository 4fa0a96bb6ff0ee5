package stations

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/doctor"
	"github.com/gondola-sync/gondola/internal/human"
)

// HasDefault implements [app.Account].
func (g *GPhotos) HasDefault(e *app.Env) bool {
	pair, err := e.Sources.Pair(g.credentials, g.token, e.Origins)
	if err != nil {
		return true
	}
	_, err = os.Stat(pair.Token)
	return !errors.Is(err, fs.ErrNotExist)
}

// Check implements [app.Account].
func (g *GPhotos) Check(ctx context.Context, e *app.Env, name string) (app.Login, error) {
	files, err := g.filesOf(e, name)
	if isUsage(err) {
		return app.Login{}, err
	}
	login := app.Login{From: files.where()}
	var status auth.Status
	if err == nil {
		status, err = files.status(ctx, e)
	}
	login.Members, login.Err, login.Until, login.Notes = status, err, status.RefreshExpiry, status.Warnings
	until := "Google names no end"
	if !login.Until.IsZero() {
		until = "until " + human.Time(login.Until)
	}
	login.What = "account " + gphotos.Scheme + ":" + status.Account + ", " + until + " (tokens in " + login.From + ")"
	return login, nil
}

// status proves the tokens by a refresh.
func (f googleFiles) status(ctx context.Context, e *app.Env) (auth.Status, error) {
	cfg, err := f.read(e)
	if err != nil {
		return auth.Status{}, err
	}
	return auth.NewTokens(cfg).Status(ctx, true)
}

// Health implements [app.Account].
func (g *GPhotos) Health(_ context.Context, e *app.Env, name string) (app.Health, error) {
	files, err := g.filesOf(e, name)
	if err != nil {
		return app.Health{}, err
	}
	base, err := g.endpoint()
	if err != nil {
		return app.Health{}, err
	}
	now := time.Now()
	health := app.Health{
		Services: []doctor.Service{{Name: "Google Photos", URL: base}},
		Files:    []string{files.Client, files.Token},
		Login:    googleCheck(func(ctx context.Context) (auth.Status, error) { return files.status(ctx, e) }, nil),
		More:     []doctor.Check{quotaCheck(now, gphotos.QuotaReset(now))},
	}
	if client, err := auth.ReadClient(files.Client); err == nil { // else the login says so
		health.Services = append(health.Services, doctor.Service{Name: "Google's tokens", URL: client.TokenURI})
	}
	return health, nil
}
