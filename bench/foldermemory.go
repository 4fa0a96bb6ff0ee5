package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// folderMemoryRow carries many tiny files from a folder, with its session in
// SQLite: to another folder and to Google Photos, and as many from the GoPro cloud to a
// folder, each once more with nothing to do.
var folderMemoryRow = row{
	name:    "folder-memory",
	title:   "peak memory of carrying many small files between folders and services, and of doing it again",
	target:  "≤ 64 MiB",
	measure: measureFolderMemory,
	judge:   judgePeak,
}

func measureFolderMemory(ctx context.Context, b *bench, s *series) error {
	counts := []int{10_000, 30_000}
	if b.long {
		counts = append(counts, 100_000)
	}
	for _, n := range counts {
		if err := b.manyFiles(ctx, s, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) manyFiles(ctx context.Context, s *series, n int) (err error) {
	dir, err := os.MkdirTemp(b.dir, "many-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "target")
	if err := writeTiny(source, n); err != nil {
		return err
	}
	c, err := newCloud(emulator.Many(n, 1), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, pair := range []struct{ name, from, to string }{
		{"folder to folder", source, target}, {"GoPro to folder", "gopro:", target + "2"}, {"folder to Google Photos", source, "gphotos:"},
	} {
		if pair.to == "gphotos:" && n > mostToGoogle {
			continue
		}
		if err := b.carryMany(ctx, s, c, fmt.Sprintf("%s files, %s", thousands(n), pair.name), n, dir, pair.from, pair.to); err != nil {
			return err
		}
	}
	return errors.Join(proveFolder(ctx, target, n), proveFolder(ctx, target+"2", n))
}

// mostToGoogle is how many files go to Google Photos: its quota has 1,500 a minute.
const mostToGoogle = 10_000

// carryMany carries files, and then runs the same command again.
func (b *bench) carryMany(ctx context.Context, s *series, c *cloud, name string, n int, dir string, stations ...string) error {
	home, err := os.MkdirTemp(dir, "home-")
	if err != nil {
		return err
	}
	args := append(stations, "--state", "sqlite:"+filepath.Join(home, "gondola.db"))
	used, sum, err := b.syncIn(ctx, c, home, args...)
	if err != nil {
		return err
	}
	if sum.Items.Created != n {
		return fmt.Errorf("%d files of %d were created", sum.Items.Created, n)
	}
	s.addPeak(name, used)
	s.add(name, "files/s", float64(n)/used.wall.Seconds())
	used, sum, err = b.syncIn(ctx, c, home, args...)
	if err == nil && (sum.Bytes.Uploaded > 0 || sum.Requests["files_read"] > 0) {
		err = fmt.Errorf("run again, it read %d files and carried %d bytes", sum.Requests["files_read"], sum.Bytes.Uploaded)
	}
	s.addPeak(name+", again", used)
	s.add(name+", again", "s", used.wall.Seconds())
	return err
}

// writeTiny writes photos of some bytes each, a thousand in a directory.
func writeTiny(dir string, n int) error {
	at := time.Date(2025, 5, 1, 8, 0, 0, 0, time.UTC)
	for i := range n {
		in := filepath.Join(dir, fmt.Sprintf("%04d", i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(in, 0o755); err != nil {
				return err
			}
		}
		path := filepath.Join(in, fmt.Sprintf("IMG_%06d.JPG", i))
		if err := os.WriteFile(path, fmt.Appendf([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), "%d %0*d", i, i%500, 0), 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(path, at, at.Add(time.Duration(i)*time.Minute)); err != nil {
			return err
		}
	}
	return nil
}
