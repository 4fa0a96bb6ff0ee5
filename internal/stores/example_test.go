package stores_test

import (
	"context"
	"fmt"
	"os"

	"github.com/gondola-sync/gondola/internal/stores"
)

func Example() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := stores.Openers(stores.Options{}).Open(context.Background(), stores.Directory(dir))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Close())
	// Output: <nil>
}
