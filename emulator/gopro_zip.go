package emulator

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// zip streams the originals of media in one archive, without a length and
// without ranges. What it does not find it leaves out.
func (e *Emulator) zip(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	g := e.spend(q.Get("access_token"))
	if g == nil {
		g = e.admit(r)
	}
	if g == nil {
		e.unauthorized(w, r)
		return
	}
	var members []Object
	for id := range strings.SplitSeq(q.Get("ids"), ",") {
		if s, ok := g.medium(id); ok {
			members = append(members, s.Sources...)
		}
	}
	if g.options.ZipOmitsMember && len(members) > 0 {
		members = members[:len(members)-1]
	}
	w.Header().Set("Content-Type", "application/zip")
	if err := writeZip(w, members); err != nil {
		dropConnection(w, r)
	}
}

// writeZip stores objects in an archive. Names may occur more than once, as they
// do in the archives of the service.
func writeZip(w io.Writer, objects []Object) error {
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
