package emulator_test

import (
	"slices"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestRoutesAreListed(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	routes := e.Routes()
	if !slices.IsSorted(routes) || len(slices.Compact(slices.Clone(routes))) != len(routes) {
		t.Errorf("not sorted, or one twice: %q", routes)
	}
	for name, want := range map[string]bool{
		"gopro.search": true, "cdn.get": true, "upload.finalize": true, "albums.add": true, "photos.batchGet": true,
		"google.token": true, "control": false, "page": false, "": false,
	} {
		if slices.Contains(routes, name) != want {
			t.Errorf("%q is listed: %v, want %v", name, !want, want)
		}
	}
}
