package sample

import (
	"archive/zip"
	"fmt"
	"io"
)

// WriteZip stores objects in an archive. Names may occur more than once, as they
// do in the archives of the service.
func WriteZip(w io.Writer, objects []Object) error {
	archive := zip.NewWriter(w)
	for _, o := range objects {
		member, err := archive.CreateHeader(&zip.FileHeader{Name: o.Name, Method: zip.Store})
		if err != nil {
			return fmt.Errorf("zip %q: %w", o.Name, err)
		}
		if _, err := io.Copy(member, io.NewSectionReader(o.Content, 0, o.Content.Size())); err != nil {
			return fmt.Errorf("zip %q: %w", o.Name, err)
		}
	}
	return archive.Close()
}
