package repeats_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func Example() {
	seen := repeats.New()
	for part, sum := range []string{"cafe", "beef", "cafe"} {
		it := &state.Item{SHA256: sum, Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: "m1", Part: part + 1},
			Name: fmt.Sprintf("GX0%d0042.MP4", part+1), Of: 3,
		}}
		if other := seen.Note(it); other != "" {
			fmt.Println(it.Name, "has the bytes of", other)
		}
	}
	// Output: GX030042.MP4 has the bytes of GX010042.MP4
}
