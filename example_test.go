package gondola_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// A session is carried from a source to a destination. Here both are in memory;
// gopro.NewSource and gphotos.NewDestination make the real ones.
func ExampleSync() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sessions, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer sessions.Close()
	source, library := pair(1, 3)

	summary, err := gondola.Sync(context.Background(), gondola.Options{
		Source:      source,
		Destination: library,
		Backend:     sessions,
		Album:       "Holidays",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.SessionID, summary.Outcome, summary.Items.Total)
	// Output: gopro-gphotos-everything-f35c5c50 complete 3
}

// The same command names the same session, so that it resumes itself; another
// one names another.
func ExampleDeriveSessionID() {
	fmt.Println(gondola.DeriveSessionID(gondola.Question{From: "gopro:", To: "gphotos:"}))
	fmt.Println(gondola.DeriveSessionID(gondola.Question{
		From: "gopro:", To: "gphotos:", Filter: media.Filter{Types: []string{"photo"}}, Album: "Holidays",
	}))
	// Output:
	// gopro-gphotos-everything
	// gopro-gphotos-everything-10ba2e21
}
