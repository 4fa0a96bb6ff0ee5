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
	f, err := regular.OpenIn(root, manifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return lines(f, m.read, func(offset int64, line []byte) error {
		m.read = offset + int64(len(line))
		var e Entry
		if json.Unmarshal(line, &e) == nil && e.Path != "" {
			m.note(&e, offset)
		}
		return nil
	})
}

// note enters a line into the indexes.
func (m *manifest) note(e *Entry, offset int64) {
	path := digest(fold(e.Path))
	if _, known := m.byPath.get(path); !known {
		m.paths++
	}
	m.byPath.put(path, offset)
	m.byKey.put(digest(e.Key), offset)
	if m.content {
		m.noteContent(e, offset)
	}
}

func (m *manifest) noteContent(e *Entry, offset int64) {
	m.bySum.put(digest(e.SHA256), offset)
	m.bySize.put(digest(strconv.FormatInt(e.Size, 10)), offset)
}

// ofBytes returns the newest entry of a file of so many bytes and this SHA-256, or
// nil.
func (m *manifest) ofBytes(root *os.Root, size int64, sum func() (string, error)) (*Entry, error) {
	if !m.content {
		m.content = true
		if err := m.scan(root, func(e *Entry, offset int64) error { m.noteContent(e, offset); return nil }); err != nil {
			return nil, err
		}
	}
	if _, found := m.bySize.get(digest(strconv.FormatInt(size, 10))); !found {
		return nil, nil
	}
	text, err := sum()
	if err != nil {
		return nil, err
	}
	offset, found := m.bySum.get(digest(text))
	if !found {
		return nil, nil
	}
	e, err := at(root, offset)
	if err != nil || e.SHA256 != text || e.Size != size || !m.isNewest(e, offset) {
		return nil, err
	}
	return e, nil
}

// isNewest reports whether no later line is of the same path.
func (m *manifest) isNewest(e *Entry, offset int64) bool {
	newest, _ := m.byPath.get(digest(fold(e.Path)))
	return newest == offset
}

// longestLine bounds what is taken for a line, in bytes.
const longestLine = 1 << 20

// lines calls each for every whole line of a file from an offset on.
func lines(f io.ReaderAt, offset int64, each func(offset int64, line []byte) error) error {
	r := bufio.NewReaderSize(io.NewSectionReader(f, offset, 1<<62), 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(whole) < longestLine {
			line, err = r.ReadSlice('\n')
			whole = append(whole, line...)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, byte %d: %w", manifestFile, offset, err)
		}
		if err := each(offset, whole); err != nil {
			return err
		}
		offset += int64(len(whole))
	}
}

// at reads the line at an offset.
func at(root *os.Root, offset int64) (*Entry, error) {
	f, err := regular.OpenIn(root, manifestFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var e Entry
	if err := json.NewDecoder(io.NewSectionReader(f, offset, longestLine)).Decode(&e); err != nil {
		return nil, fmt.Errorf("%s, byte %d: %w", manifestFile, offset, err)
	}
	return &e, nil
}

// atPath returns the newest entry of a path in any case, or nil.
func (m *manifest) atPath(root *os.Root, path string) (*Entry, error) {
	offset, found := m.byPath.get(digest(fold(path)))
	if !found {
		return nil, nil
	}
	e, err := at(root, offset)
	if err != nil || fold(e.Path) != fold(path) {
		return nil, err
	}
	return e, nil
}

// ofKey returns the newest entry of an item whose path no other item has taken
// since, or nil.
func (m *manifest) ofKey(root *os.Root, key string) (*Entry, error) {
	offset, found := m.byKey.get(digest(key))
	if !found {
		return nil, nil
	}
	e, err := at(root, offset)
	if err != nil || e.Key != key || !m.isNewest(e, offset) {
		return nil, err
	}
	return e, nil
}

// add appends entries, durably, and their sums.
func (m *manifest) add(root *os.Root, entries []*Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var data, sums bytes.Buffer
	offsets := make([]int64, len(entries))
	replaced := false
	for i, e := range entries {
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
		offsets[i] = m.read + int64(data.Len())
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		data.Write(append(line, '\n'))
	}
	if err := appendAt(root, manifestFile, m.read, data.Bytes()); err != nil {
		return err
	}
	m.read += int64(data.Len())
	for i, e := range entries {
		m.note(e, offsets[i])
	}
	if replaced {
		return m.rewriteSums(root)
	}
	return appendAt(root, sumsFile, -1, sums.Bytes())
}

// appendAt writes data at an offset of a file, which ends there then, or at its end
// if the offset is negative, and syncs it.
func appendAt(root *os.Root, name string, offset int64, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if offset < 0 {
		offset = info.Size()
	}
	if info.Size() > offset { // a line that was never finished
		if err := f.Truncate(offset); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(data, offset); err != nil {
		return errors.Join(err, f.Truncate(offset))
	}
	return errors.Join(f.Sync(), f.Close())
}

// each calls f for the newest entry of each path.
func (m *manifest) each(root *os.Root, f func(*Entry) error) error {
	return m.scan(root, func(e *Entry, _ int64) error { return f(e) })
}

// scan calls f for the newest entry of each path and where its line begins.
func (m *manifest) scan(root *os.Root, f func(e *Entry, offset int64) error) error {
	file, err := regular.OpenIn(root, manifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return lines(file, 0, func(offset int64, line []byte) error {
		var e Entry
		if json.Unmarshal(line, &e) != nil || e.Path == "" || !m.isNewest(&e, offset) {
			return nil
		}
		return f(&e, offset)
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
