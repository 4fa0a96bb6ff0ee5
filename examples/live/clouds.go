package main

import (
	"os"
	"path/filepath"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

// clouds are both services, emulated in this process, and a store of sessions.
// With real ones, the same clients take no HTTP client of their own.
type clouds struct {
	dir         string // of credentials and sessions
	cloud       *emulator.Emulator
	source      station.Source
	destination station.Destination
	backend     state.Backend
}

func open() (c *clouds, err error) {
	c = new(clouds)
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.dir, err = os.MkdirTemp("", "gondola-live-"); err != nil {
		return nil, err
	}
	library := append(emulator.Large(96<<20), emulator.Many(24, 1)...)
	if c.cloud, err = emulator.New(emulator.Options{Library: library}); err != nil {
		return nil, err
	}
	if c.source, err = c.openGoPro(); err != nil {
		return nil, err
	}
	if c.destination, err = c.openPhotos(); err != nil {
		return nil, err
	}
	c.backend, err = jsondir.Open(filepath.Join(c.dir, "sessions"), jsondir.Options{})
	return c, err
}

func (c *clouds) openGoPro() (station.Source, error) {
	client, err := gopro.NewClient(gopro.Options{HTTP: c.cloud.Client(), Token: c.cloud.GoPro.Token()})
	if err != nil {
		return nil, err
	}
	return gopro.NewSource(client, gopro.SourceOptions{})
}

func (c *clouds) openPhotos() (station.Destination, error) {
	secret, token, err := c.cloud.WriteCredentials(c.dir)
	if err != nil {
		return nil, err
	}
	client, err := auth.ReadClient(secret)
	if err != nil {
		return nil, err
	}
	tokens := auth.NewTokens(auth.Config{Client: client, HTTP: c.cloud.Client(), Store: auth.NewStore(token, nil)})
	photos, err := gphotos.NewClient(gphotos.Options{HTTP: c.cloud.Client(), Tokens: tokens})
	if err != nil {
		return nil, err
	}
	return gphotos.NewDestination(photos, gphotos.DestinationOptions{})
}

func (c *clouds) options() gondola.Options {
	return gondola.Options{Source: c.source, Destination: c.destination, Backend: c.backend}
}

// close releases everything; what fails here leaves a temporary directory.
func (c *clouds) close() {
	if c.backend != nil {
		_ = c.backend.Close()
	}
	if c.cloud != nil {
		_ = c.cloud.Close()
	}
	_ = os.RemoveAll(c.dir)
}
