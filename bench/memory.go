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

const (
	unitPeak    = "peak MiB"
	eightFiles  = "8 files in flight"
	listingMany = "listing a library"
)

// memoryRow takes the most resident memory that the process ever had. What the
// kernel holds in socket buffers is not part of it.
var memoryRow = row{
	name:    "memory",
	title:   "peak memory: 8 large files at once, and listing a large library into SQLite",
	target:  "≤ 64 MiB",
	measure: measureMemory,
	judge: func(s series) (string, bool) {
		carrying, listing := s.middle(eightFiles, unitPeak), s.middle(listingMany, unitPeak)
		return fmt.Sprintf("%.0f and %.0f MiB", carrying, listing), max(carrying, listing) <= 64
	},
}

func measureMemory(ctx context.Context, b *bench, s *series) error {
	size, items := int64(1e9), 100_000
	if b.long {
		size, items = 20e9, 1_000_000
	}
	if err := b.memoryCarrying(ctx, s, size); err != nil {
		return err
	}
	return b.memoryListing(ctx, s, items)
}

func (b *bench) memoryCarrying(ctx context.Context, s *series, size int64) error {
	c, err := newCloud(videos(8, size), nil)
	if err != nil {
		return err
	}
	used, _, err := b.sync(ctx, c, "--transfers", "8")
	if err == nil {
		err = c.prove(ctx)
	}
	s.add(eightFiles, "GB in all", float64(8*size)/1e9)
	s.addPeak(eightFiles, used)
	s.addCost(eightFiles, used, 8*size)
	return errors.Join(err, c.close())
}

// memoryListing lists while the files are carried as slowly as they can be, and
// stops when the listing has ended.
func (b *bench) memoryListing(ctx context.Context, s *series, items int) (err error) {
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
	s.add(listingMany, "items", float64(items))
	s.addPeak(listingMany, used)
	s.add(listingMany, "items/s", float64(items)/used.wall.Seconds())
	s.add(listingMany, "CPU ms/item", used.cpu.Seconds()*1e3/float64(items))
	return nil
}

func (s *series) addPeak(name string, c cost) {
	if c.peak > 0 {
		s.add(name, unitPeak, float64(c.peak)/(1<<20))
	}
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
