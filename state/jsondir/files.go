package jsondir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
)

const (
	dirPerm  = 0o700
	filePerm = 0o600
)

// Limits of what is read, in bytes.
const (
	maxDocument = state.MaxDocument
	maxFlat     = 256 << 20
)

const tempSuffix = ".tmp"

// step changes the disk once. Tests watch the steps, and stop them.
func (b *db) step(op, name string, change func() error) (err error) {
	if b.watch != nil {
		err = b.watch(op, name)
	}
	if err == nil {
		err = change()
	}
	return b.fault(op, name, err)
}

// makeDir creates a directory and makes its entry durable.
func (b *db) makeDir(dir string) error {
	err := b.step("create", dir, func() error { return b.root.Mkdir(dir, dirPerm) })
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return b.syncDir(path.Dir(dir))
}

// writeFile replaces a file so that a crash leaves the old one or the new one.
// The caller syncs the directory. It does nothing if the content is there
// already.
func (b *db) writeFile(name string, data []byte) error {
	if old, err := regular.ReadIn(b.root, name, maxDocument); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return b.replaceFile(name, data, true)
}

// replaceFile is writeFile whatever the content is. What is not synced may be cut
// short by a crash of the machine.
func (b *db) replaceFile(name string, data []byte, synced bool) error {
	temp := fmt.Sprintf("%s/gondola-%d-%d%s", path.Dir(name), os.Getpid(), b.temps.Add(1), tempSuffix)
	err := b.step("write", temp, func() error { return b.fault("write", name, b.writeTemp(temp, data, synced)) })
	if err == nil {
		err = b.rename(temp, name)
	}
	if err != nil {
		b.root.Remove(temp)
	}
	return err
}

func (b *db) rename(name, to string) error {
	return b.step("rename", to, func() error { return b.root.Rename(name, to) })
}

// inFlight is how many files are read or written at a time: file systems sync
// several at nearly the cost of one.
const inFlight = 8

// writeFiles replaces files of one directory, which it makes, and makes them
// durable.
func (b *db) writeFiles(ctx context.Context, dir string, files map[string][]byte) error {
	if len(files) == 0 {
		return nil
	}
	if err := b.makeDir(dir); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for name, data := range files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return b.writeFile(dir+"/"+name, data)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return b.syncDir(dir)
}

func (b *db) writeTemp(temp string, data []byte, synced bool) (err error) {
	f, err := b.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(data)
	if err == nil && synced {
		err = f.Sync()
	}
	return err
}

// appendTo appends whole lines to a file. A line that a crash cut short before them
// is ended: readers pass over it.
func (b *db) appendTo(name string, lines []byte, synced bool) (err error) {
	f, err := b.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, filePerm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = regular.ErrNotRegular
	}
	last := []byte{'\n'}
	if err == nil && info.Size() > 0 {
		_, err = f.ReadAt(last, info.Size()-1)
	}
	if last[0] != '\n' {
		lines = append([]byte{'\n'}, lines...)
	}
	if err == nil {
		_, err = f.Write(lines)
	}
	if err == nil && synced {
		err = f.Sync()
	}
	if err == nil && synced && info.Size() == 0 {
		err = b.syncDir(path.Dir(name)) // the file is new
	}
	return err
}

// syncDir makes the names in a directory durable.
func (b *db) syncDir(dir string) error {
	return b.step("sync", dir, func() error { return durable.SyncDirIn(b.root, dir) })
}

// protect keeps other users from reading a file or directory.
func (b *db) protect(name string, perm fs.FileMode) error {
	err := b.step("protect", name, func() error { return b.root.Chmod(name, perm) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// remove removes a file; one that is not there is removed.
func (b *db) remove(name string) error {
	err := b.step("remove", name, func() error { return b.root.Remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// exists reports whether there is anything of this name.
func (b *db) exists(name string) bool {
	_, err := b.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// read returns a document.
func (b *db) read(name string) ([]byte, error) {
	data, err := regular.ReadIn(b.root, name, maxDocument)
	return data, b.fault("read", name, err)
}

// removeTemps removes what interrupted writes left behind.
func (b *db) removeTemps(ctx context.Context, dir string) error {
	var temps []string
	err := b.list(ctx, dir, func(e fs.DirEntry) {
		if strings.HasSuffix(e.Name(), tempSuffix) && e.Type().IsRegular() {
			temps = append(temps, e.Name())
		}
	})
	for _, name := range temps {
		err = errors.Join(err, b.remove(dir+"/"+name))
	}
	return err
}

// list shows the entries of a directory in the order of the file system.
func (b *db) list(ctx context.Context, dir string, show func(fs.DirEntry)) error {
	d, err := b.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return b.fault("list", dir, err)
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			show(e)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return b.fault("list", dir, err)
		}
	}
}

// entries shows what is in the state directory, apart from what belongs to no session.
func (b *db) entries(ctx context.Context, show func(fs.DirEntry)) error {
	if err := b.usable(ctx); err != nil {
		return err
	}
	return b.list(ctx, ".", func(e fs.DirEntry) {
		if e.Name() != ownDir {
			show(e)
		}
	})
}

// fault says what could not be done to which file, why, and what helps; nil if
// nothing is wrong.
func (b *db) fault(op, name string, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	full := filepath.Join(b.path, filepath.FromSlash(name))
	f := &fault.Error{Class: fault.Session, Code: fault.State, Op: op + " " + full, Err: err}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		f.Err = p.Err // Op names the file in full
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f.Hint = "free space on the disk that holds " + b.path + ", then run the same command again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		if _, err := os.Lstat(full); errors.Is(err, fs.ErrNotExist) {
			full = filepath.Dir(full)
		}
		f.Hint = "make " + full + " readable and writable for this user, or choose another state directory"
	case errors.Is(err, syscall.ENOTDIR):
		f.Hint = "choose another state directory: " + b.path + " is a file or lies below one"
	}
	return f
}

// Damaged says that a file is not what it should be.
func (b *db) Damaged(name string, err error) error {
	f, _ := errors.AsType[*fault.Error](b.fault("read", name, err))
	if f.Hint == "" {
		f.Hint = "repair the file or move it away; an item without its file is listed again, and carried again unless the ledger knows it"
	}
	return f
}
