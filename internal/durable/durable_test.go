package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, content)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != filePerm {
		t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, fs.FileMode(filePerm))
	}
}

func wantNames(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, names)
	}
}

func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token.json")
	for _, content := range []string{"first", "a second one, longer", "3", ""} {
		if err := WriteFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, content)
	}
	put(t, filepath.Join(dir, "open"), "old")
	if err := WriteFile(filepath.Join(dir, "open"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(dir, "open"), "new")
	wantNames(t, dir, "open", "token.json")
}

func TestWriteFileLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	if err := WriteFile(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "x")
}

func TestWriteFileKeepsLinks(t *testing.T) {
	for _, to := range []string{"absolute", "relative", "chain", "dangling", "up"} {
		t.Run(to, func(t *testing.T) {
			dir := t.TempDir()
			real := filepath.Join(dir, "vault", "token.json")
			home := filepath.Join(dir, "home")
			for _, d := range []string{filepath.Dir(real), home} {
				if err := os.Mkdir(d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			put(t, real, "old")
			path := filepath.Join(home, "token.json")
			links := map[string][]string{ // name, target
				"absolute": {path, real},
				"relative": {path, "../vault/token.json"},
				"chain":    {path, "second", filepath.Join(home, "second"), real},
				"dangling": {path, "../vault/new.json"},
				"up":       {filepath.Join(home, "v"), filepath.Dir(real), path, "v/../vault/token.json"},
			}[to]
			if to == "dangling" {
				real = filepath.Join(dir, "vault", "new.json")
			}
			for i := 0; i < len(links); i += 2 {
				if err := os.Symlink(links[i+1], links[i]); err != nil {
					t.Skip(err)
				}
			}
			if err := WriteFile(path, []byte("new")); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("the link is %v, %v", info.Mode(), err)
			}
			wantFile(t, real, "new")
		})
	}
}

func TestWriteFileRefuses(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Skip(err)
	}
	for name, path := range map[string]string{
		"loop": loop, "directory": dir, "device": os.DevNull, "no directory": filepath.Join(dir, "none", "file"),
	} {
		err := WriteFile(path, []byte("x"))
		if e, ok := errors.AsType[*fs.PathError](err); !ok || e.Path != path {
			t.Errorf("%s: %v, want an error that names %s", name, err, path)
		}
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info.Mode(), err)
	}
}

func TestKilledWritesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token.json")
	put(t, path, "old")
	alive, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, ".token.json.123.tmp")
	put(t, left, "half a tok")
	put(t, filepath.Join(dir, ".other.json.123.tmp"), "of another file")
	if got := Leftovers(path); len(got) != 1 || got[0] != left {
		t.Errorf("leftovers %q, want %q", got, left)
	}
	if err := WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, ".other.json.123.tmp", filepath.Base(alive.temp.Name()), "token.json")
	if _, err := alive.Write([]byte("newer")); err != nil {
		t.Fatal(err)
	}
	if err := alive.Commit(); err != nil {
		t.Errorf("a write under way was disturbed: %v", err)
	}
	wantFile(t, path, "newer")
	wantNames(t, dir, ".other.json.123.tmp", "token.json")
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "manifest.csv")
	put(t, path, "old")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	f.Discard()
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	wantNames(t, dir, "manifest.csv")
}

// A file that is a mount of its own cannot be renamed over.
func TestPinnedFileIsWrittenInPlace(t *testing.T) {
	defer func() { rename = os.Rename }()
	for _, why := range []error{syscall.EBUSY, syscall.EXDEV, syscall.EACCES} {
		dir := t.TempDir()
		path := filepath.Join(dir, "token.json")
		put(t, path, "old content, which is longer")
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		rename = func(from, to string) error { return &os.LinkError{Op: "rename", Old: from, New: to, Err: why} }
		if err := WriteFile(path, []byte("new")); err != nil {
			t.Errorf("%v: %v", why, err)
		}
		wantFile(t, path, "new")
		wantNames(t, dir, "token.json")
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%v: another file is there, %v", why, err)
		}
	}
}

func TestFailedRenameChangesNothing(t *testing.T) {
	defer func() { rename = os.Rename }()
	dir := t.TempDir()
	path := filepath.Join(dir, "token.json")
	put(t, path, "old")
	rename = func(from, to string) error { return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EIO} }
	if err := WriteFile(path, []byte("new")); !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("%v, want the reason and no temporary name", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("%q", got)
	}
	wantNames(t, dir, "token.json")
}
