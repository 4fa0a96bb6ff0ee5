// Command gondola carries media from cloud to cloud, resumably, without
// touching the ground.
package main

import (
	"context"
	"os"

	"github.com/gondola-sync/gondola/internal/cli"
)

func main() {
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
