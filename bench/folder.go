package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gondola-sync/gondola/emulator"
)

const (
	unitOfCp = "of cp's rate"
	cpName   = "cp -r, sha256sum and sync"
)

// folderRow compares copying from one folder to another with what a person would
// type. The files are in the page cache; everything is durable at the end.
var folderRow = row{
	name:    "folder",
	title:   "copying from a folder to another, against `cp -r`, `sha256sum` and `sync` of the same files",
	target:  "≥ 0.9 of its rate",
	measure: measureFolder,
	judge: func(s series) (string, bool) {
		large, small := s.middle(oneGB, unitOfCp), s.middle(manyPhotos, unitOfCp)
		return fmt.Sprintf("%.2f with %s, %.2f with %s", large, oneGB, small, manyPhotos), large >= 0.9 && small >= 0.9
	},
}

const (
	oneGB      = "1 GB in large files"
	manyPhotos = "photos of 2 MB"
)

func measureFolder(ctx context.Context, b *bench, s *series) error {
	count := 500
	if b.long {
		count = 2000
	}
	for _, of := range []struct {
		name    string
		library emulator.Library
	}{{oneGB, videos(4, 250e6)}, {manyPhotos, differing(count, 2e6)}} {
		if err := b.folderBesideCp(ctx, s, of.name, of.library); err != nil {
			return err
		}
	}
	return nil
}

// differing returns photos that have different sizes, as photos do.
func differing(n int, size int64) emulator.Library {
	var s shelf
	for i := range n {
		s.add("Photo", fmt.Sprintf("GOPR%04d.JPG", i), size+int64(i))
	}
	return s.library
}

// folderBesideCp lets Gondola and cp copy the same files in turns.
func (b *bench) folderBesideCp(ctx context.Context, s *series, name string, library emulator.Library) error {
	source, target := filepath.Join(b.dir, "source"), filepath.Join(b.dir, "target")
	defer os.RemoveAll(source)
	if err := writeFiles(source, library); err != nil {
		return err
	}
	size := bytesOf(library)
	for range b.rounds {
		used, err := b.copyByCp(ctx, source, target)
		if err := errors.Join(err, os.RemoveAll(target)); err != nil {
			return err
		}
		s.addCost(name+", "+cpName, used, size)
		used, err = b.copyByGondola(ctx, source, target)
		if err == nil {
			err = proveFolder(ctx, target, len(library))
		}
		if err := errors.Join(err, os.RemoveAll(target)); err != nil {
			return err
		}
		s.addCost(name, used, size)
		s.ratio(name, name+", "+cpName, unitRate, unitOfCp)
	}
	return nil
}

func (b *bench) copyByCp(ctx context.Context, source, target string) (cost, error) {
	const script = `cp -r "$0" "$1" && cd "$1" && find . -type f -exec sha256sum {} + >sums && sync -f .`
	used, _, err := measure(b.quiet(ctx, "sh", "-c", script, source, target))
	return used, err
}

func (b *bench) copyByGondola(ctx context.Context, source, target string) (cost, error) {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(home)
	used, _, err := measure(b.syncFolder(ctx, home, source, target))
	return used, err
}

// syncFolder returns a sync from a folder in a home of its own.
func (b *bench) syncFolder(ctx context.Context, home string, args ...string) *exec.Cmd {
	cmd := b.quiet(ctx, b.gondola, append([]string{"sync", "--json"}, args...)...)
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH"), "GONDOLA_STATE=sqlite:" + filepath.Join(home, "gondola.db")}
	return cmd
}

// quiet returns a command that starts when the disk has nothing left to write.
func (b *bench) quiet(ctx context.Context, name string, args ...string) *exec.Cmd {
	_ = exec.CommandContext(ctx, "sync").Run() // without it, one contender writes what another has left
	return exec.CommandContext(ctx, name, args...)
}

// proveFolder checks a folder with sha256sum: it lists so many files.
func proveFolder(ctx context.Context, dir string, files int) error {
	check := exec.CommandContext(ctx, "sha256sum", "--check", "--strict", ".gondola/SHA256SUMS")
	check.Dir = dir
	out, err := check.Output()
	if err != nil {
		return fmt.Errorf("proof: %w\n%s", err, out)
	}
	if n := countLines(out); n != files {
		return fmt.Errorf("proof: %d files are listed, want %d", n, files)
	}
	return nil
}

func countLines(text []byte) (n int) {
	for _, c := range text {
		if c == '\n' {
			n++
		}
	}
	return n
}

// writeFiles writes the files of a library into a directory.
func writeFiles(dir string, library emulator.Library) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, m := range library {
		for _, o := range m.Sources {
			if err := writeContent(filepath.Join(dir, o.Name), o.Content); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeContent(path string, c emulator.Content) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(c, 0, c.Size()))
	return errors.Join(err, f.Close())
}
