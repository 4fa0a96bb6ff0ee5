package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"github.com/gondola-sync/gondola/fault"
)

// Store is a token file. It is safe for concurrent use, also by several
// processes: changes are made under a lock file beside it.
type Store struct {
	path    string
	read    func(path string) ([]byte, error)
	replace func(path string, data []byte) error // writeFile; tests let it fail
	log     *slog.Logger
	warned  sync.Once
}

// NewStore returns the store at path, which need not exist yet. A nil logger
// discards warnings.
func NewStore(path string, log *slog.Logger) *Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{path: path, read: readFile, replace: writeFile, log: log}
}

// Medium keeps the content of a token file elsewhere, such as in a keyring.
type Medium interface {
	// Read returns the content; its error is [fs.ErrNotExist] if there is none.
	Read() ([]byte, error)
	// Write replaces the content: after a crash it is the old or the new one.
	Write(data []byte) error
}

// NewStoreIn returns the store whose content m keeps. Path names it in messages,
// and the lock file beside path keeps other processes from changing it meanwhile.
func NewStoreIn(m Medium, path string, log *slog.Logger) *Store {
	s := NewStore(path, log)
	s.read = func(string) ([]byte, error) {
		data, err := m.Read()
		return data, withoutPath(err)
	}
	s.replace = func(_ string, data []byte) error { return withoutPath(m.Write(data)) }
	return s
}

// Path returns the file's path.
func (s *Store) Path() string { return s.path }

// Load reads the file. A file that is missing or cannot be understood is a
// fault of class Session with code [fault.Auth]; a missing one also matches
// [fs.ErrNotExist].
func (s *Store) Load() (*Credentials, error) {
	data, err := s.read(s.path)
	if err != nil {
		return nil, s.unreadable(err)
	}
	doc, err := parseDocument(data)
	if err != nil {
		return nil, s.unreadable(err)
	}
	c, err := doc.credentials()
	if err != nil {
		return nil, s.unreadable(err)
	}
	s.warnIfOpen()
	return c, nil
}

func (s *Store) unreadable(err error) error {
	hint := "to replace it, " + loginHint
	if errors.Is(err, fs.ErrNotExist) {
		hint = loginHint
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op: "read Google credentials " + s.path, Err: err, Hint: hint,
	}
}

// warnIfOpen logs a warning if others than the owner may read the file.
func (s *Store) warnIfOpen() {
	info, err := os.Stat(s.path)
	if err != nil || runtime.GOOS == "windows" {
		return
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		s.warned.Do(func() {
			s.log.Warn("token file is open to other users; it becomes private when it is next written",
				"path", s.path, "mode", fmt.Sprintf("%#o", mode))
		})
	}
}

// Save writes the credentials, readable by the owner only, and keeps members
// of the file that it does not know. After a crash the file is the old one or
// the new one. A failure is a fault of class Session with code [fault.Auth]
// that names the file.
func (s *Store) Save(c *Credentials) error {
	return s.locked(func() error { return s.write(c) })
}

// SetProbe remembers the id of a media item in the account, by which a later
// login recognizes the account.
func (s *Store) SetProbe(id string) error {
	return s.update(func(c *Credentials) bool {
		c.Probe = id
		return true
	})
}

// update changes the file under its lock unless change returns false.
func (s *Store) update(change func(*Credentials) bool) error {
	return s.locked(func() error { return s.change(change) })
}

// change is update for a caller that holds the lock.
func (s *Store) change(change func(*Credentials) bool) error {
	c, err := s.Load()
	if err != nil || !change(c) {
		return err
	}
	return s.write(c)
}

// write replaces the file if that changes anything.
func (s *Store) write(c *Credentials) error {
	old, err := s.read(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.unwritable(err)
	}
	doc, err := parseDocument(old)
	if err != nil {
		doc = document{}
	}
	if c.Account == "" {
		c.Account = newAccount()
	}
	doc.put(c)
	data := doc.encode()
	if bytes.Equal(data, old) {
		return nil
	}
	if err := s.replace(s.path, data); err != nil {
		return s.unwritable(err)
	}
	return nil
}

// checkReplaceable returns an error if the file is another program's document,
// such as an OAuth client: a login must not replace it. A damaged file is
// replaced.
func (s *Store) checkReplaceable() error {
	data, err := s.read(s.path)
	if err != nil {
		return nil // writing reports what is wrong with the path
	}
	doc, err := parseDocument(data)
	if err != nil || len(doc) == 0 {
		return nil
	}
	if _, err := doc.credentials(); err != nil {
		return &fault.Error{
			Class: fault.Session, Code: fault.Auth,
			Op: "save Google credentials " + s.path, Err: err, Hint: "name another file with --token",
		}
	}
	return nil
}

func (s *Store) unwritable(err error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op: "save Google credentials " + s.path, Err: err,
		Hint: "make the file and its folder writable for this user, or name another file with --token",
	}
}
