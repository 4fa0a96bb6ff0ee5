package sessioncopy_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/internal/sessioncopy"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func Example() {
	dir, err := os.MkdirTemp("", "copy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	openers := state.Openers{jsondir.Scheme: jsondir.Opener(jsondir.Options{})}
	from, err := openers.Open(ctx, "jsondir:"+filepath.Join(dir, "here"))
	if err != nil {
		log.Fatal(err)
	}
	defer from.Close()
	to, err := openers.Open(ctx, "jsondir:"+filepath.Join(dir, "there"))
	if err != nil {
		log.Fatal(err)
	}
	defer to.Close()
	if err := from.PutSession(ctx, state.NewSession("january", media.Window{}, time.Now())); err != nil {
		log.Fatal(err)
	}

	copied, err := sessioncopy.Copy(ctx, from, to, "january", sessioncopy.Options{Remove: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(copied.Session.ID, copied.Counts.Total, copied.Removed)
	// Output: january 0 true
}
