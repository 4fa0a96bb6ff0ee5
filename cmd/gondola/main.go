// Command gondola carries media from cloud to cloud, resumably, without
// touching the ground.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/gondola-sync/gondola/internal/cli"
)

// garbage is how much memory may hold what is not needed any more, in percent of
// what is, before it is collected: a quarter more is held at the most, where Go's
// default holds as much again. Carrying makes next to none, so that this costs it
// nothing; listing a large library costs a few percent more of the CPU.
const garbage = 25

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	os.Exit(cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
