package durable

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// SyncDir makes the names in a directory durable.
func SyncDir(dir string) error { return syncDir(os.Open, dir) }

// SyncDirIn is [SyncDir] for a directory below a root.
func SyncDirIn(root *os.Root, dir string) error { return syncDir(root.Open, dir) }

// syncDir does nothing where directories cannot be synced: on Windows, and on
// file systems that say so.
func syncDir(open func(string) (*os.File, error), dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
