package gopro

import (
	"net/http"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// zip streams the originals of media in one archive, without a length and
// without ranges. What it does not find it leaves out.
func (c *Cloud) zip(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	g := c.spend(q.Get("access_token"))
	if g == nil {
		g = c.admit(r)
	}
	if g == nil {
		c.unauthorized(w, r)
		return
	}
	var members []sample.Object
	for id := range strings.SplitSeq(q.Get("ids"), ",") {
		if s, ok := g.medium(id); ok {
			members = append(members, s.Sources...)
		}
	}
	if g.options.ZipOmitsMember && len(members) > 0 {
		members = members[:len(members)-1]
	}
	w.Header().Set("Content-Type", "application/zip")
	if err := sample.WriteZip(w, members); err != nil {
		route.Drop(w, r)
	}
}
