package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/durable"
)

// stdoutName is the name of a file that stands for standard output.
const stdoutName = "-"

func manifestFormat(name string) (gondola.ManifestFormat, error) {
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case name == "" || name == stdoutName || ext == ".jsonl":
		return gondola.JSONLines, nil
	case ext == ".csv":
		return gondola.CSV, nil
	}
	return "", usagef("--manifest %s: a name that ends in .jsonl or .csv is expected, or - for standard output", name)
}

// pathless takes the name of a temporary file out of an error.
func pathless(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// manifestFile is a manifest on its way to its place: a file that only the owner
// can read, which is the old one or the new one, whole, whatever happens.
type manifestFile struct {
	lines *gondola.Manifest
	out   *bufio.Writer
	file  *durable.File // nil for standard output
}

// openManifest begins a manifest; no name means none.
func (a *app) openManifest(name string) (*manifestFile, error) {
	if name == "" {
		return nil, nil
	}
	format, err := manifestFormat(name)
	if err != nil {
		return nil, err
	}
	m := &manifestFile{}
	var to io.Writer = a.stdout
	if name != stdoutName {
		m.file, err = durable.Create(name)
		if err != nil {
			return nil, fmt.Errorf("manifest %s: %w", name, pathless(err))
		}
		to = m.file
	}
	m.out = bufio.NewWriter(to)
	m.lines, err = gondola.NewManifest(m.out, format)
	return m, err
}

func (m *manifestFile) write(it gondola.VerifiedItem) error {
	if m == nil {
		return nil
	}
	if err := m.lines.Write(it.ManifestEntry()); err != nil && !render.IsOutput(err) { // the verification goes on without it
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}

// close puts the manifest in its place, unless the verification failed: half a
// manifest is none. It returns that failure, or its own.
func (m *manifestFile) close(failure error) error {
	if m == nil {
		return failure
	}
	err := errors.Join(m.lines.Flush(), m.out.Flush())
	if render.IsOutput(err) {
		return failure
	}
	if m.file != nil {
		defer m.file.Discard() // nothing after Commit
		if err == nil && failure == nil {
			err = m.file.Commit()
		}
	}
	if err != nil {
		err = fmt.Errorf("manifest: %w", err)
	}
	return errors.Join(failure, err)
}
