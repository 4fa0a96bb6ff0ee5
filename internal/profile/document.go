package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/zalando/go-keyring"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
)

// maxDocument bounds what is read, in bytes, far above what any token takes.
const maxDocument = 64 << 10

// Document is a secret text in a file that only its owner can read, or in the
// system's keyring with that file as the fallback: where the keyring cannot take
// the text, for whatever reason, the file does. So the file exists only if it is
// the newer one, and is read first.
type Document struct {
	path    string
	user    string  // names the document in the keyring
	keyring Keyring // nil for the file alone
	log     *slog.Logger
	warned  sync.Once // of a keyring that cannot be read
}

// Path returns the path of the file.
func (d *Document) Path() string { return d.path }

// Where returns where the text is: the path of the file, or "the system keyring".
func (d *Document) Where() string {
	if _, err := os.Stat(d.path); d.keyring == nil || err == nil {
		return d.path
	}
	return inKeyring
}

// Read returns the text. Its error is [fs.ErrNotExist] if there is none.
func (d *Document) Read() ([]byte, error) {
	data, _, err := d.read()
	return data, err
}

// read returns the text without the space around it, and where it was found.
func (d *Document) read() (data []byte, from string, err error) {
	data, err = regular.Read(d.path, maxDocument)
	if err == nil {
		if data = bytes.TrimSpace(data); len(data) == 0 {
			err = fmt.Errorf("%s is empty", d.path)
		}
		return data, d.path, err
	}
	if d.keyring == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	text, keyErr := d.keyring.Get(keyringService, d.user)
	if keyErr != nil {
		d.warn(keyErr)
		return nil, "", err
	}
	return []byte(text), inKeyring, nil
}

// warn logs once that the keyring cannot be read, unless it just has no such
// document.
func (d *Document) warn(err error) {
	if !errors.Is(err, keyring.ErrNotFound) {
		d.warned.Do(func() { d.log.Warn("the system keyring cannot be read", "profile", d.user, "error", err) })
	}
}

// Write stores the text: after a crash the old or the new one is stored.
func (d *Document) Write(data []byte) error {
	if err := os.MkdirAll(filepath.Dir(d.path), 0o700); err != nil {
		return fmt.Errorf("store credentials: %w", err)
	}
	if d.keyring != nil {
		err := d.writeKeyring(data)
		if err == nil {
			return nil
		}
		d.log.Warn("the system keyring cannot be used; the credentials are stored in a file", "profile", d.user, "file", d.path, "error", err)
	}
	if err := durable.WriteFile(d.path, append(bytes.TrimSpace(data), '\n')); err != nil {
		return fmt.Errorf("store credentials: %w", err)
	}
	return nil
}

// writeKeyring stores the text in the keyring and removes the file, which would
// be read first.
func (d *Document) writeKeyring(data []byte) error {
	if err := d.keyring.Set(keyringService, d.user, string(data)); err != nil {
		return err
	}
	if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
