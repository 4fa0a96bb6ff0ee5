package app_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/app"
)

func ExampleParseURI() {
	uri, err := app.ParseURI("gphotos@family:album/Summer")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(uri.Scheme, uri.Profile, uri.Path, uri.Station())
	// Output: gphotos family album/Summer gphotos@family:
}
