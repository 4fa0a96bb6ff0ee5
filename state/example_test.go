package state_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// A store of one's own needs two methods; oneFile keeps a session in a file.
func ExampleAdapt() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	b := state.Adapt(oneFile{dir})
	if err := b.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}
	item := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 4096}, Discovery: state.Completed}
	if err := b.PutItems(ctx, "january", item); err != nil {
		log.Fatal(err)
	}

	b = state.Adapt(oneFile{dir}) // another process
	for item, err := range b.Items(ctx, "january", state.Query{Awaiting: state.Transfer}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name, "awaits", item.Awaits())
	}
	// Output: GX010042.MP4 awaits transfer
}

// A program names the kinds of backends it knows in its main: Gondola's own, and
// each further one in a line. The last of these can only load and save.
func ExampleOpeners() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	openers := state.Openers{
		jsondir.Scheme: jsondir.Opener(jsondir.Options{}),
		"onefile":      openOneFile,
	}
	for _, uri := range []string{"jsondir:" + dir + "/sessions", "onefile:" + dir, "redis://me:secret@host"} {
		b, err := openers.Open(ctx, uri)
		if err != nil {
			fmt.Println(err)
			continue
		}
		err = b.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now()))
		fmt.Println("stored:", err == nil, b.Close() == nil)
	}
	// Output:
	// stored: true true
	// stored: true true
	// open state redis://…@host: not a state URI: unknown kind of state; known are jsondir, onefile
}

// openOneFile opens URIs such as onefile:sessions.
func openOneFile(_ context.Context, uri string) (state.Backend, error) {
	return state.Adapt(oneFile{strings.TrimPrefix(uri, "onefile:")}), nil
}

func ExampleSession_CaptureWindow() {
	s := state.Session{Start: "2026-01-08T00:00:00", End: "2026-01-09T00:00:00"} // as q2google wrote it
	w, err := s.CaptureWindow()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Start)
	fmt.Println(w.End)
	// Output:
	// 2026-01-08 00:00:00 +0000 UTC
	// 2026-01-09 23:59:59.999999999 +0000 UTC
}

// What has failed is found without reading the session.
func ExampleQuery() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	if err := b.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}
	for n, status := range []state.Status{state.Completed, state.Failed, state.Pending, state.Failed} {
		item := &state.Item{Item: media.Item{Name: fmt.Sprintf("GX01000%d.MP4", n)}, Discovery: state.Completed, Transfer: status}
		if err := b.PutItems(ctx, "january", item); err != nil {
			log.Fatal(err)
		}
	}
	failed := state.Query{Outcome: state.OutcomeFailed, Order: state.ByName, Descending: true}
	for item, err := range b.Items(ctx, "january", failed) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Name)
	}
	// Output:
	// GX010003.MP4
	// GX010001.MP4
}
