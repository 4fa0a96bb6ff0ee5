package folder

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// mostSidecar bounds what is taken for a sidecar, in bytes.
const mostSidecar = 4 << 20

// sidecarChecks report, by extension, whether the content of a sidecar is what its
// name says.
var sidecarChecks = map[Sidecar]func([]byte) bool{XMPSidecar: isXML, JSONSidecar: json.Valid}

// Describe implements [station.Describer]: it returns the sidecars that lie beside a
// file, NAME.EXT.xmp and NAME.EXT.json. Where the first is missing, NAME.xmp counts,
// as Adobe's programs call it: it belongs to each file NAME. One that is damaged or
// larger than 4 MiB is left out.
func (s *Source) Describe(ctx context.Context, item media.Item) (d station.Description, err error) {
	op := "read the sidecars of " + item.ID.Medium + " in the folder " + s.o.Path
	if ctx.Err() != nil {
		return d, context.Cause(ctx)
	}
	root, err := s.place.open()
	if err != nil {
		return d, failure(ctx, op, err)
	}
	d.Sidecars = map[string][]byte{}
	for format, check := range sidecarChecks {
		content, err := firstSidecar(root, format.pathsOf(pathOf(item.ID.Medium)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return d, unopened(op, err)
		case check(content):
			s.read.Add(1)
			d.Sidecars[string(format)] = content
		}
	}
	return d, nil
}

// pathsOf returns the paths under which a file may have a sidecar at a source, the one
// of that file alone first.
func (s Sidecar) pathsOf(name string) []string {
	paths := []string{s.path(name)}
	if s == XMPSidecar {
		paths = append(paths, s.path(strings.TrimSuffix(name, path.Ext(name))))
	}
	return paths
}

// firstSidecar returns the content of the first sidecar that is there.
func firstSidecar(root *os.Root, paths []string) (content []byte, err error) {
	for _, name := range paths {
		if content, err = readSidecar(root, name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return content, err
}

// readSidecar returns the content of a sidecar; nothing of one that is too large, or
// is no regular file.
func readSidecar(root *os.Root, name string) ([]byte, error) {
	f, err := regular.OpenIn(root, name)
	if errors.Is(err, regular.ErrNotRegular) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, mostSidecar+1))
	if len(content) > mostSidecar {
		return nil, err
	}
	return content, err
}

// isXML reports whether a text is a well-formed document.
func isXML(content []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for elements := 0; ; {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return elements > 0
		}
		if err != nil {
			return false
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
}
