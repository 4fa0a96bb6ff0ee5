package durable

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const filePerm = 0o600

// rename is replaced in tests, as a file system that refuses it would.
var rename = os.Rename

// WriteFile replaces the content of the file at path, or creates it, readable by
// its owner only. Its directory must exist.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return whole(path, data, err)
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// whole overwrites a file in a directory where no other can be made.
func whole(path string, data []byte, failure error) error {
	if !errors.Is(failure, fs.ErrPermission) && !errors.Is(failure, syscall.EROFS) {
		return failure
	}
	target, err := resolve(path)
	if err == nil {
		err = overwrite(target, bytes.NewReader(data))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return failure
	}
	return named(path, err)
}

// File is the new content of a file, which takes its place with Commit.
type File struct {
	temp   *os.File
	path   string // as the caller names it
	target string // after links
	ended  bool
}

// Create begins a new content of the file at path. The caller calls Commit, or
// Discard, which does nothing after Commit.
func Create(path string) (*File, error) {
	target, err := resolve(path)
	if err != nil {
		return nil, named(path, err)
	}
	temp, err := makeTemp(target)
	if err != nil {
		return nil, named(path, err)
	}
	for _, left := range Leftovers(target) {
		os.Remove(left)
	}
	return &File{temp: temp, path: path, target: target}, nil
}

// Write appends to the new content.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.temp.Write(p)
	return n, named(f.path, err)
}

// Commit makes the new content durable and gives it the file's name.
func (f *File) Commit() error {
	err := f.temp.Sync()
	if err == nil {
		err = f.replace()
	}
	f.Discard()
	if err == nil {
		err = SyncDir(filepath.Dir(f.target))
	}
	return named(f.path, err)
}

// replace renames the temporary file, which stays locked meanwhile where the
// system allows it, or copies it into a file that cannot be renamed over.
func (f *File) replace() error {
	if closeFirst {
		f.temp.Close()
	}
	err := rename(f.temp.Name(), f.target)
	if !pinned(err) {
		return err
	}
	r, opened := os.Open(f.temp.Name())
	if opened != nil {
		return err
	}
	defer r.Close()
	return overwrite(f.target, r)
}

// pinned reports whether a rename failed since the file is fixed to its place.
func pinned(err error) bool {
	return errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV) || errors.Is(err, fs.ErrPermission)
}

// Discard gives up a content that was not committed.
func (f *File) Discard() {
	if f.ended {
		return
	}
	f.ended = true
	os.Remove(f.temp.Name()) // gone after the rename
	f.temp.Close()
	os.Remove(f.temp.Name()) // where an open file cannot be removed
}

// overwrite writes over a file that is there. What is longer is cut last, so
// that a full disk is noticed before anything is lost.
func overwrite(target string, from io.Reader) (err error) {
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_ = f.Chmod(filePerm) // a mount may have no modes
	n, err := io.Copy(f, from)
	if err == nil {
		err = f.Truncate(n)
	}
	if err != nil {
		return err
	}
	return f.Sync()
}

// named says which file an error is about, instead of the temporary one.
func named(path string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}
