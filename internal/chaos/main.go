package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	c := campaign{out: w}
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.Uint64Var(&c.seed, "seed", 0, "seed of everything random; 0 takes a new one")
	flags.IntVar(&c.kills, "kills", 1000, "end after the session in which this many kills are reached")
	flags.IntVar(&c.items, "items", 500, "files in each session")
	flags.IntVar(&c.most, "kills-per-session", 60, "kill a session at most this often, then let it finish")
	flags.IntVar(&c.parallel, "parallel", 2, "sessions at a time")
	flags.IntVar(&c.only, "session", 0, "run the session of this number only, from 1")
	flags.StringVar(&c.store, "state", "jsondir", "where sessions are kept: jsondir, sqlite, or the URI postgres://… or mongodb://… of an empty database")
	flags.StringVar(&c.pair, "pair", goproToGoogle, "stations: "+strings.Join([]string{goproToGoogle, goproToFolder, folderToGoogle, folderToFolder}, ", "))
	flags.StringVar(&c.transfers, "transfers", "auto", "as the flag of gondola sync")
	flags.Int64Var(&c.line, "line", 0, "bytes a second, each way, of a line to the services: sessions then have files of some megabytes, and are killed after 0.3 to 2.5 s; 0 for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	dir, err := os.MkdirTemp("", "gondola-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if c.binary, err = build(ctx, dir); err != nil {
		return err
	}
	c.dir = dir
	return c.run(ctx)
}

// build compiles the command under test into dir.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "gondola")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/gondola-sync/gondola/cmd/gondola")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build gondola: %w", err)
	}
	return binary, nil
}
