// Station plugs a station of its own into Gondola: the files of a directory, or of
// anything else that is an [io/fs.FS], go to Google Photos.
//
//	go run ./examples/station DIR
//
// Google Photos is emulated in this process, so that it needs no account.
package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: station DIR")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.DirFS(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, "station:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, files fs.FS) error {
	dir, err := os.MkdirTemp("", "gondola-station-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cloud, err := emulator.New(emulator.Options{})
	if err != nil {
		return err
	}
	defer cloud.Close()
	destination, err := openPhotos(cloud, dir)
	if err != nil {
		return err
	}
	backend, err := jsondir.Open(dir+"/sessions", jsondir.Options{})
	if err != nil {
		return err
	}
	defer backend.Close()

	o := gondola.Options{Source: &source{files: files, origin: "example"}, Destination: destination, Backend: backend}
	for range 2 { // the second run finds everything there
		summary, err := gondola.Sync(ctx, o)
		if err != nil {
			return err
		}
		n := summary.Items.Outcomes
		fmt.Fprintf(out, "%s: %d created, %d skipped, %d failed, %d bytes sent\n", summary.Outcome,
			n[state.OutcomeCreated], n[state.OutcomeSkipped], n[state.OutcomeFailed], summary.Moved.Uploaded)
	}
	return nil
}

// openPhotos opens the emulated Google Photos, with credentials in a directory.
func openPhotos(cloud *emulator.Emulator, dir string) (station.Destination, error) {
	secret, token, err := cloud.WriteCredentials(dir)
	if err != nil {
		return nil, err
	}
	client, err := auth.ReadClient(secret)
	if err != nil {
		return nil, err
	}
	tokens := auth.NewTokens(auth.Config{Client: client, HTTP: cloud.Client(), Store: auth.NewStore(token, nil)})
	photos, err := gphotos.NewClient(gphotos.Options{HTTP: cloud.Client(), Tokens: tokens})
	if err != nil {
		return nil, err
	}
	return gphotos.NewDestination(photos, gphotos.DestinationOptions{})
}
