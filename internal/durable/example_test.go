package durable_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gondola-sync/gondola/internal/durable"
)

func ExampleWriteFile() {
	dir, _ := os.MkdirTemp("", "durable-")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "token.json")
	if err := durable.WriteFile(path, []byte(`{"token": "…"}`)); err != nil {
		fmt.Println(err)
	}
	info, _ := os.Stat(path)
	fmt.Println(info.Mode())
	// Output: -rw-------
}
