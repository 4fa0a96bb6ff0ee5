package folder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/regular"
)

// holder is what the lock file says of the process that holds the lock. The lock
// itself is the system's: it ends with the process, whatever the file says.
type holder struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// holderAt is where the holder stands in the lock file. Windows keeps others from
// reading the byte that is locked, the first.
const holderAt = 1

// lock takes the folder for this process.
func (p *place) lock(root *os.Root) (*flock.Flock, error) {
	f, err := root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, filePerm) // no link out of the root
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(p.path, filepath.FromSlash(lockFile)), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(filePerm))
	ok, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, p.lockedBy(root)
	}
	if err := writeHolder(root); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock, nil
}

func writeHolder(root *os.Root) error {
	host, _ := os.Hostname()
	data, err := json.Marshal(holder{Host: host, PID: os.Getpid(), Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	f, err := root.OpenFile(lockFile, os.O_WRONLY, filePerm)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append([]byte("\n"), append(data, '\n')...), 0)
	return errors.Join(err, f.Truncate(int64(holderAt+len(data)+1)), f.Close())
}

// lockedBy names the holder of the folder, as far as the lock file does.
func (p *place) lockedBy(root *os.Root) error {
	h := holder{Host: "another host"}
	if f, err := regular.OpenIn(root, lockFile); err == nil {
		defer f.Close()
		_ = json.NewDecoder(io.NewSectionReader(f, holderAt, mostMarker)).Decode(&h) // what it does not say stays empty
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.Locked, Op: "write to the folder " + p.path,
		Err:  fmt.Errorf("process %d on %s writes to it since %s", h.PID, h.Host, h.Since.UTC().Format(time.RFC3339)),
		Hint: "wait until that process has ended, or end it; a lock whose holder is gone is taken over",
	}
}

// Lock implements [station.Locker]. It makes the folder if it is not there.
func (d *Destination) Lock(ctx context.Context) (unlock func() error, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	op := "write to the folder " + d.place.path
	root, err := d.place.make()
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	lock, err := d.place.lock(root)
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.manifest.mend(root); err != nil {
		return nil, failure(ctx, op, errors.Join(err, lock.Unlock()))
	}
	removeOld(root)
	return lock.Unlock, nil
}
