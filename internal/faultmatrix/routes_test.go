package faultmatrix

import (
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// idle are the routes of the services that neither a sync nor a verification
// calls, with who does. One that it does call fails its rows.
var idle = map[string]string{
	"albums.add":       "nobody: items are created in their album",
	"albums.get":       "nobody: albums are found in the listing",
	"albums.patch":     "nobody",
	"albums.remove":    "nobody: nothing at a destination is taken away",
	"bytes.get":        "nobody: nothing is fetched from Google Photos",
	"cdn.head":         "nobody: the answer to GET says the same",
	"google.authorize": "the browser, at a login",
	"google.revoke":    "a logout",
	"gopro.albums":     "nobody",
	"gopro.delete":     "nobody: nothing at a source is deleted",
	"gopro.media":      "nobody: the listing says the same",
	"gopro.notready":   "nobody: the listing says the same",
	"gopro.thumbnail":  "programs that show a library",
	"gopro.update":     "nobody: nothing at a source is changed",
	"gopro.zip":        "nobody: frames are carried as files",
	"photos.list":      "a listing of Google Photos",
	"photos.patch":     "nobody: items get no description",
	"photos.search":    "a listing of Google Photos",
	"photos.share":     "nobody: Google has closed it",
	"upload.cancel":    "nobody: an upload that is given up expires",
}

// rowed reports whether there are rows of a route.
func rowed(rows []*row, route string) bool {
	return slices.ContainsFunc(rows, func(r *row) bool {
		called, _, _ := strings.Cut(r.route, " ")
		return called == route
	})
}

func TestEveryRouteHasRows(t *testing.T) {
	cloud, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cloud.Close()
	rows, routes := matrix(), cloud.Routes()
	for _, route := range routes {
		switch who := idle[route]; {
		case who == "" && !rowed(rows, route):
			t.Errorf("%s has no row", route)
		case who != "" && rowed(rows, route):
			t.Errorf("%s has rows, and is said to be called by %s", route, who)
		}
	}
	for route := range idle {
		if !slices.Contains(routes, route) {
			t.Errorf("the services have no route %s", route)
		}
	}
}

// wantNoIdle fails if the row called a route that has no rows.
func (b *bench) wantNoIdle() {
	b.t.Helper()
	for _, e := range b.cloud.Log.Entries("") {
		if who := idle[e.Route]; who != "" || e.Route == "" {
			b.t.Errorf("%s %s (%q) was called, and is said to be called by %q", e.Method, e.Path, e.Route, who)
			return
		}
	}
}
