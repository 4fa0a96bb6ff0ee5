package folder

import (
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/gondola-sync/gondola/media"
)

// contentType returns the MIME type of a file: what its first bytes say, or else
// what its name says. A format of a camera that is another one in disguise, such as
// a raw photo in a TIFF file, goes by its name.
func contentType(f io.ReaderAt, name string) (string, error) {
	const head = 3072 // that mimetype looks at
	detected, err := mimetype.DetectReader(io.NewSectionReader(f, 0, head))
	if err != nil {
		return "", err
	}
	byContent, _, _ := strings.Cut(detected.String(), ";")
	byName := media.MIMEByName(name)
	switch kind := media.KindOf(byContent); {
	case kind == "":
		return byName, nil
	case media.KindOf(byName) == kind && isContainer(byContent):
		return byName, nil
	}
	return byContent, nil
}

// isContainer reports whether formats of cameras hide in a format.
func isContainer(mime string) bool {
	switch mime {
	case "image/tiff", "video/mp4", "video/quicktime", "video/mpeg":
		return true
	}
	return false
}
