package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/state"
)

// The pairs of stations that a campaign can run between.
const (
	goproToGoogle  = "gopro-gphotos"
	goproToFolder  = "gopro-folder"
	folderToGoogle = "folder-gphotos"
	folderToFolder = "folder-folder"
)

// ends are the stations of a session, where they are not the services.
type ends struct {
	source string // directory; "" for the GoPro cloud
	target string // directory; "" for Google Photos
}

func newEnds(pair, home string) (ends, error) {
	source, target := filepath.Join(home, "source"), filepath.Join(home, "target")
	switch pair {
	case goproToGoogle:
		return ends{}, nil
	case goproToFolder:
		return ends{"", target}, nil
	case folderToGoogle:
		return ends{source, ""}, nil
	case folderToFolder:
		return ends{source, target}, nil
	}
	return ends{}, fmt.Errorf("-pair %s: %s, %s, %s or %s is expected", pair, goproToGoogle, goproToFolder, folderToGoogle, folderToFolder)
}

// stations are the arguments of a sync.
func (e ends) stations() []string {
	source, target := "gopro:", "gphotos:"
	if e.source != "" {
		source = e.source
	}
	if e.target != "" {
		target = e.target
	}
	return []string{source, target}
}

// takes reports whether the destination takes a file that Google Photos may refuse.
func (e ends) takes(x emulator.Expectation) bool {
	return !x.Refused || e.target != "" && x.Size > 0
}

// fill writes the files of a library into the source, a directory for each medium.
func (e ends) fill(library emulator.Library) error {
	if e.source == "" {
		return nil
	}
	for _, m := range library {
		for _, o := range m.Sources {
			path := filepath.Join(e.source, m.ID, o.Name)
			if err := writeContent(path, o.Content); err != nil {
				return err
			}
			if err := os.Chtimes(path, m.Captured, m.Captured); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeContent(path string, c emulator.Content) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(c, 0, c.Size()))
	return errors.Join(err, f.Close())
}

// ownDir is what a folder keeps for itself.
const ownDir = ".gondola"

// files calls each for every file in the target, and own for those of the folder's
// own.
func (e ends) files(each, own func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(e.target, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // not begun, or a temporary file
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(e.target, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, ownDir) {
			return own(filepath.ToSlash(name), info)
		}
		return each(filepath.ToSlash(name), info)
	})
}

func ignore(string, fs.FileInfo) error { return nil }

// held returns the digests of the files in the target, by path.
func (e ends) held() (map[string]string, error) {
	sums := map[string]string{}
	err := e.files(func(path string, _ fs.FileInfo) (err error) {
		sums[path], err = sumOf(filepath.Join(e.target, path))
		return err
	}, ignore)
	return sums, err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// sound checks that whatever lies in the target under a final name is a whole file
// of the library, once. It holds at every moment.
func (s *session) sound() (there map[string]string, err error) {
	there, err = s.ends.held()
	if err != nil {
		return nil, err
	}
	var wrong []error
	at := map[string]string{}
	for path, sum := range there {
		if _, known := s.want[sum]; !known {
			wrong = append(wrong, fmt.Errorf("%s is no file of the library", path))
		}
		if twin := at[sum]; twin != "" {
			wrong = append(wrong, fmt.Errorf("%s and %s are one file", path, twin))
		}
		at[sum] = path
	}
	return there, errors.Join(wrong...)
}

// stowed checks that the target holds every file, that SHA256SUMS lists them, and
// that nothing unfinished is left there.
func (s *session) stowed() error {
	there, err := s.sound()
	if err != nil {
		return err
	}
	var wrong []error
	if len(there) != len(s.want) {
		wrong = append(wrong, fmt.Errorf("%d files are in the folder, want %d", len(there), len(s.want)))
	}
	listed, err := s.ends.listed()
	for path, sum := range there {
		if listed[path] != sum {
			wrong = append(wrong, fmt.Errorf("%s is listed with digest %q, is %s", path, listed[path], sum))
		}
	}
	if len(listed) != len(there) {
		wrong = append(wrong, fmt.Errorf("%d files are listed, %d are there", len(listed), len(there)))
	}
	left := s.ends.files(ignore, func(path string, _ fs.FileInfo) error {
		if strings.HasSuffix(path, ".part") || strings.HasSuffix(path, ".tmp") {
			wrong = append(wrong, fmt.Errorf("%s is left behind", path))
		}
		return nil
	})
	return errors.Join(append(wrong, err, left)...)
}

// listed returns what SHA256SUMS says.
func (e ends) listed() (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(e.target, ownDir, "SHA256SUMS"))
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if _, twice := sums[path]; twice {
			return nil, fmt.Errorf("%s is listed twice", path)
		}
		sums[path] = sum
	}
	return sums, nil
}

// unsaved returns the bytes that lie in the target and that the session does not
// know of: those are to be carried again.
func (s *session) unsaved(ctx context.Context) (toll, error) {
	if _, err := s.sound(); err != nil {
		return toll{}, err
	}
	items, err := s.stored(ctx)
	if err != nil {
		return toll{}, fmt.Errorf("the state cannot be read: %w", err)
	}
	var known int64
	for _, it := range items {
		switch {
		case it.Transfer == state.Completed:
			known += it.Carried
		case it.Checkpoint != nil:
			known += it.Checkpoint.Confirmed
		}
	}
	_, there := s.ends.size()
	s.sent = max(s.sent, s.total) + there - known
	return toll{again: there - known}, nil
}

// size returns how many files lie in the target, whole or not, and their bytes.
func (e ends) size() (files, bytes int64) {
	count := func(path string, info fs.FileInfo) error {
		if !strings.HasPrefix(path, ownDir) || strings.HasSuffix(path, ".part") {
			files, bytes = files+1, bytes+info.Size()
		}
		return nil
	}
	_ = e.files(count, count) // what is removed meanwhile does not count
	return files, bytes
}
