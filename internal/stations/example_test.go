package stations_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/stations"
)

func Example() {
	for _, kind := range stations.All() {
		fmt.Println(kind.Scheme, kind.About, kind.IsSource(), kind.IsDestination())
	}
	// Output:
	// gopro the GoPro cloud true false
	// gphotos Google Photos false true
	// folder a directory true true
}
