package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// q2googleRow has the real q2google and Gondola move the same library over the
// same line, in turns. Scripts/compare-q2google installs q2google and runs it.
var q2googleRow = row{
	name:    "q2google",
	title:   "the real q2google beside Gondola: the same library over the same line",
	command: "scripts/compare-q2google",
	apart:   true,
	measure: measureQ2google,
}

const q2googleName = "q2google 0.0.3"

// collection is the library of the comparison.
type collection struct {
	photos, videos int
	videoSize      int64 // MB
}

const photoSize = 2e6

func (l collection) library() emulator.Library {
	var s shelf
	for i := range l.photos {
		s.add("Photo", fmt.Sprintf("GOPR%04d.JPG", i), photoSize)
	}
	for i := range l.videos {
		s.add("Video", fmt.Sprintf("GX01%04d.MP4", i), l.videoSize*1e6)
	}
	return s.library
}

func measureQ2google(ctx context.Context, b *bench, s *series) error {
	if b.python == "" {
		return errors.New("-python has to name a Python that has q2google; scripts/compare-q2google installs one")
	}
	library := b.collection.library()
	if len(library) == 0 {
		return errors.New("the library is empty: -photos or -videos has to be more than 0")
	}
	b.progress("%d photos of 2 MB and %d videos of %d MB, on a line of 25 MB/s each way with a round trip of 50 ms",
		b.collection.photos, b.collection.videos, b.collection.videoSize)
	for range b.rounds {
		for _, name := range []string{contender, q2googleName} {
			if err := b.moveBy(ctx, s, name, library); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// moveBy has one of the two move the library, in a home and services of its own.
func (b *bench) moveBy(ctx context.Context, s *series, name string, library emulator.Library) error {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	c, err := newCloud(library, homeLine())
	if err != nil {
		return err
	}
	return errors.Join(b.move(ctx, s, c, name, home), c.close())
}

func (b *bench) move(ctx context.Context, s *series, c *cloud, name, home string) error {
	temporary := filepath.Join(home, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return err
	}
	cmd, err := b.inHome(ctx, c, home)
	if err == nil && name == q2googleName {
		cmd, err = b.q2google(ctx, c, home)
	}
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+temporary)
	disk := watchDisk(temporary)
	used, _, err := measure(cmd)
	most := disk.stop()
	if err != nil {
		return err
	}
	s.add(name, "s", used.wall.Seconds())
	s.add(name, "CPU s", used.cpu.Seconds())
	s.add(name, "peak MiB", float64(used.peak)/(1<<20))
	s.add(name, "MiB of temporary disk", float64(most)/(1<<20))
	for _, kind := range []struct{ name, routes string }{{"GoPro", "gopro.*"}, {"CDN", "cdn.*"}, {"uploads", "upload.*"}, {"Photos JSON", "photos.*"}} {
		s.add(name, kind.name, float64(c.emulator.Log.Count(kind.routes)))
	}
	equal, err := c.equal(ctx)
	s.add(name, "files that arrived, bytes equal", float64(equal))
	if err == nil && name == contender {
		err = c.prove(ctx)
	}
	return err
}

// q2google returns a sync of everything by the real q2google.
func (b *bench) q2google(ctx context.Context, c *cloud, home string) (*exec.Cmd, error) {
	env, err := c.environ(home)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.python, filepath.Join(b.root, "scripts", "compare_q2google.py"),
		"sync", "--start", "2025-01-01", "--end", "2025-12-31", "--session-id", "compared", "--state-dir", filepath.Join(home, "sessions"),
		"--log-level", "ERROR", "--output", "json")
	cmd.Dir, cmd.Env = home, env
	return cmd, nil
}

// equal is how many files of the library the account holds, byte for byte.
func (c *cloud) equal(ctx context.Context) (equal int, err error) {
	var held []string
	for item := range c.emulator.Google.All() {
		held = append(held, fmt.Sprintf("%s %d", item.SHA256[:8], item.Size))
	}
	for _, m := range c.emulator.GoPro.Library() {
		for _, o := range m.Sources {
			sum := castagnoli()
			if _, err := io.Copy(sum, io.NewSectionReader(o.Content, 0, o.Content.Size())); err != nil {
				return equal, err
			}
			if slices.Contains(held, fmt.Sprintf("%x %d", sum.Sum(nil), o.Content.Size())) {
				equal++
			}
			if ctx.Err() != nil {
				return equal, context.Cause(ctx)
			}
		}
	}
	return equal, nil
}

// diskWatch knows the most that a directory held at a time.
type diskWatch struct {
	done chan struct{}
	most chan int64
}

func watchDisk(dir string) diskWatch {
	w := diskWatch{make(chan struct{}), make(chan int64, 1)}
	go func() {
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		var most int64
		for {
			most = max(most, sizeOf(dir))
			select {
			case <-w.done:
				w.most <- most
				return
			case <-look.C:
			}
		}
	}()
	return w
}

func (w diskWatch) stop() int64 {
	close(w.done)
	return <-w.most
}

// sizeOf is the size of all files in a tree. Those that vanish meanwhile do not
// count.
func sizeOf(dir string) (sum int64) {
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
