package stationtest_test

import (
	"testing"

	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// The test of a source is a call of RunSource.
func ExampleRunSource() {
	_ = func(t *testing.T) { // TestSource
		stationtest.RunSource(t, func(t *testing.T) stationtest.Source {
			library := toyLibrary("home")
			shelf := newToyShelf(library)
			return stationtest.Source{
				Open:    func(t *testing.T) station.Source { return &toySource{shelf, "home", ""} },
				Library: library,
			}
		})
	}
	// Output:
}
