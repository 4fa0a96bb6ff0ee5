package folder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/internal/regular"
)

// Entry is a line of a folder's manifest: a file that was put there. The newest
// line of a path counts.
type Entry struct {
	Path     string    `json:"path"`    // relative to the folder, with slashes
	Key      string    `json:"key"`     // of the item, as in the ledger
	Station  string    `json:"station"` // the item is from
	Origin   string    `json:"origin,omitempty"`
	Name     string    `json:"name"` // at the source
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256"`            // lower-case hex
	Captured time.Time `json:"captured,omitzero"` // UTC
	ModTime  time.Time `json:"mtime"`             // that the file got, UTC
	Session  string    `json:"session"`           // that carried it
	At       time.Time `json:"at"`                // UTC
	Version  string    `json:"version,omitempty"` // of the item at its source
	Sidecar  Sidecar   `json:"sidecar,omitempty"` // format of the sidecar that belongs to it
}

// sumLine is the entry's line in SHA256SUMS. Names are safe: none needs an escape.
func (e *Entry) sumLine() string { return e.SHA256 + "  " + e.Path + "\n" }

// manifest is the manifest file of a folder, which other processes may read. Its
// index is in memory, its lines are not. It is not safe for concurrent use.
type manifest struct {
	read   int64 // bytes of the file that the indexes cover: whole lines
	byKey  index
	byPath index // by folded path
	paths  int   // different ones

	// What the bytes of files tell is indexed when it is first asked for.
	content       bool
	bySum, bySize index
}

// refresh reads what the manifest has gained. A line that is not whole yet, or was
// never finished, is left out.
func (m *manifest) refresh(root *os.Root) error {
	f, err := openManifest(root)
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == m.read {
		return err
	}
	return lines(f, m.read, func(offset int64, line []byte) error {
		m.read = offset + int64(len(line))
		var e Entry
		if json.Unmarshal(line, &e) == nil && e.Path != "" {
			return m.note(f, &e, offset)
		}
		return nil
	})
}

// note enters a line into the indexes.
func (m *manifest) note(f io.ReaderAt, e *Entry, offset int64) error {
	same, _, err := m.find(f, &m.byPath, fold(e.Path), samePath(e.Path))
	if err != nil {
		return err
	}
	if same == nil {
		m.paths++
	}
	m.byPath.put(digest(fold(e.Path)), offset)
	m.byKey.put(digest(e.Key), offset)
	if m.content {
		return m.noteContent(f, e, offset)
	}
	return nil
}

func samePath(path string) func(*Entry) bool {
	return func(e *Entry) bool { return fold(e.Path) == fold(path) }
}

// noteContent enters what the bytes of a file tell, one line for each size.
func (m *manifest) noteContent(f io.ReaderAt, e *Entry, offset int64) error {
	m.bySum.put(digest(e.SHA256), offset)
	known, _, err := m.find(f, &m.bySize, sizeText(e.Size), sameSize(e.Size))
	if known == nil && err == nil {
		m.bySize.put(digest(sizeText(e.Size)), offset)
	}
	return err
}

func sameSize(size int64) func(*Entry) bool {
	return func(e *Entry) bool { return e.Size == size }
}

func sizeText(size int64) string { return strconv.FormatInt(size, 10) }

// find returns the newest line that an index has under a text and that is the one
// wanted, and where it begins; nil if there is none.
func (m *manifest) find(f io.ReaderAt, x *index, text string, want func(*Entry) bool) (*Entry, int64, error) {
	for offset := range x.of(digest(text)) {
		e, err := at(f, offset)
		if err != nil {
			return nil, 0, err
		}
		if want(e) {
			return e, offset, nil
		}
	}
	return nil, 0, nil
}

// newest is find, but returns nil if a later line is of the same path.
func (m *manifest) newest(f io.ReaderAt, x *index, text string, want func(*Entry) bool) (*Entry, error) {
	e, offset, err := m.find(f, x, text, want)
	if e == nil || err != nil {
		return nil, err
	}
	if last, err := m.isNewest(f, e, offset); !last || err != nil {
		return nil, err
	}
	return e, nil
}

// isNewest reports whether no later line is of the same path.
func (m *manifest) isNewest(f io.ReaderAt, e *Entry, offset int64) (bool, error) {
	for later := range m.byPath.of(digest(fold(e.Path))) {
		if later <= offset {
			break
		}
		other, err := at(f, later)
		if err != nil || samePath(e.Path)(other) {
			return false, err
		}
	}
	return true, nil
}

// atPath returns the newest entry of a path in any case, or nil.
func (m *manifest) atPath(root *os.Root, path string) (*Entry, error) {
	f, err := openManifest(root)
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	return m.newest(f, &m.byPath, fold(path), samePath(path))
}

// ofKey returns the newest entry of an item whose path no other item has taken
// since, or nil.
func (m *manifest) ofKey(root *os.Root, key string) (*Entry, error) {
	f, err := openManifest(root)
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	return m.newest(f, &m.byKey, key, func(e *Entry) bool { return e.Key == key })
}

// ofBytes returns the newest entry of a file of so many bytes and this SHA-256, or
// nil.
func (m *manifest) ofBytes(root *os.Root, size int64, sum func() (string, error)) (*Entry, error) {
	f, err := openManifest(root)
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	if err := m.indexContent(f); err != nil {
		return nil, err
	}
	sized, _, err := m.find(f, &m.bySize, sizeText(size), sameSize(size))
	if sized == nil || err != nil {
		return nil, err
	}
	text, err := sum()
	if err != nil {
		return nil, err
	}
	return m.newest(f, &m.bySum, text, func(e *Entry) bool { return e.SHA256 == text && e.Size == size })
}

// indexContent enters the bytes of all files, once.
func (m *manifest) indexContent(f io.ReaderAt) error {
	if m.content {
		return nil
	}
	m.content = true
	return m.scan(f, func(e *Entry, offset int64) error { return m.noteContent(f, e, offset) })
}

// openManifest opens the manifest for reading; nil if there is none.
func openManifest(root *os.Root) (*os.File, error) {
	f, err := regular.OpenIn(root, manifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

// at reads the line at an offset.
func at(f io.ReaderAt, offset int64) (*Entry, error) {
	var e Entry
	if err := json.NewDecoder(io.NewSectionReader(f, offset, longestLine)).Decode(&e); err != nil {
		return nil, fmt.Errorf("%s, byte %d: %w", manifestFile, offset, err)
	}
	return &e, nil
}

// add appends entries, durably, and their sums.
func (m *manifest) add(root *os.Root, entries []*Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var data, sums bytes.Buffer
	replaced := false
	for _, e := range entries {
		old, err := m.atPath(root, e.Path)
		if err != nil {
			return err
		}
		switch {
		case old == nil:
			sums.WriteString(e.sumLine())
		case old.SHA256 != e.SHA256 || old.Path != e.Path:
			replaced = true
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		data.Write(append(line, '\n'))
	}
	if err := appendAt(root, manifestFile, m.read, data.Bytes()); err != nil {
		return err
	}
	if err := m.refresh(root); err != nil {
		return err
	}
	if replaced {
		return m.rewriteSums(root)
	}
	return appendAt(root, sumsFile, -1, sums.Bytes())
}

// each calls f for the newest entry of each path.
func (m *manifest) each(root *os.Root, f func(*Entry) error) error {
	file, err := openManifest(root)
	if file == nil || err != nil {
		return err
	}
	defer file.Close()
	return m.scan(file, func(e *Entry, _ int64) error { return f(e) })
}

// scan calls each for the newest entry of each path and where its line begins.
func (m *manifest) scan(f io.ReaderAt, each func(e *Entry, offset int64) error) error {
	return lines(f, 0, func(offset int64, line []byte) error {
		var e Entry
		if json.Unmarshal(line, &e) != nil || e.Path == "" {
			return nil
		}
		if newest, err := m.isNewest(f, &e, offset); !newest || err != nil {
			return err
		}
		return each(&e, offset)
	})
}

// rewriteSums writes SHA256SUMS anew.
func (m *manifest) rewriteSums(root *os.Root) error {
	return replace(root, sumsFile, func(w io.Writer) error {
		buffer := bufio.NewWriter(w)
		err := m.each(root, func(e *Entry) error { _, err := buffer.WriteString(e.sumLine()); return err })
		return errors.Join(err, buffer.Flush())
	})
}

// mend brings SHA256SUMS up to date with the manifest, if a crash came between
// them.
func (m *manifest) mend(root *os.Root) error {
	if err := m.refresh(root); err != nil || m.paths == 0 {
		return err
	}
	f, err := regular.OpenIn(root, sumsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return m.rewriteSums(root)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	count, end := 0, int64(0)
	if err := lines(f, 0, func(offset int64, line []byte) error { count++; end = offset + int64(len(line)); return nil }); err != nil {
		return err
	}
	sums, err := f.Stat()
	if err != nil {
		return err
	}
	listed, err := root.Stat(manifestFile)
	if err != nil {
		return err
	}
	if count == m.paths && end == sums.Size() && !sums.ModTime().Before(listed.ModTime()) {
		return nil
	}
	return m.rewriteSums(root)
}
