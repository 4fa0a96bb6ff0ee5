package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/emulator"
)

// listingRow lists a large library into SQLite.
var listingRow = row{
	name:    "listing",
	title:   "peak memory of listing a large library into SQLite",
	target:  "≤ 64 MiB",
	measure: measureListing,
	judge:   judgePeak,
}

// measureListing lists while the files are carried as slowly as they can be,
// and stops when the listing has ended.
func measureListing(ctx context.Context, b *bench, s *series) (err error) {
	items := 100_000
	if b.long {
		items = 1_000_000
	}
	c, err := newCloud(emulator.Many(items, 1), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	cmd, err := b.inHome(ctx, c, home, "--state", "sqlite:"+filepath.Join(home, "gondola.db"), "--bwlimit", "64k")
	if err != nil {
		return err
	}
	used, err := measureUntil(cmd, `{"type":"stage","stage":"discovery","status":"completed"`)
	if err != nil {
		return err
	}
	name := thousands(items) + " media"
	s.addPeak(name, used)
	s.add(name, "media/s", float64(items)/used.wall.Seconds())
	s.add(name, "CPU ms/medium", used.cpu.Seconds()*1e3/float64(items))
	return nil
}

// measureUntil interrupts a command that writes JSON lines when a line has come
// that holds a text.
func measureUntil(cmd *exec.Cmd, text string) (cost, error) {
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return cost{}, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	p, err := start(cmd)
	if err != nil {
		return cost{}, err
	}
	seen := false
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		if !seen && strings.Contains(scanner.Text(), text) {
			seen = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				return cost{}, err
			}
		}
	}
	used, err := p.wait()
	const interrupted = 130 // exit code
	switch {
	case !seen:
		return used, fmt.Errorf("%s: ended before its time: %w\n%s", cmd, err, stderr.Bytes())
	case cmd.ProcessState.ExitCode() != interrupted:
		return used, fmt.Errorf("%s: %w\n%s", cmd, err, stderr.Bytes())
	}
	return used, nil
}
