package gopro

import (
	"net/http"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// objectKey names an object in the account.
type objectKey struct {
	medium, label string
	number        int // from 1
}

func (k objectKey) version(generation uint64) cdn.Key {
	return cdn.Key{Medium: k.medium, Label: k.label, Number: k.number, Generation: generation}
}

// signedURL returns a URL that lets a method reach an object.
func (g *Account) signedURL(method, path, name string) string {
	return g.signer.URL(method, g.env.CDN(), path, name, g.now().Add(g.options.URLLife))
}

// object serves bytes from the CDN.
func (c *Cloud) object(w http.ResponseWriter, r *http.Request) {
	if route.Presented(r) != "" {
		route.NoteLeak(r)
		cdn.Refuse(w, r, http.StatusBadRequest)
		return
	}
	g := c.where(func(g *Account) bool { return g.user == r.PathValue("user") })
	if g == nil || fault.Of(r, fault.Expired) != nil || !g.signer.Verify(r, g.env.Now()) {
		cdn.Refuse(w, r, http.StatusForbidden)
		return
	}
	o, ok := g.find(r)
	if !ok {
		cdn.Refuse(w, r, http.StatusNotFound)
		return
	}
	cdn.Serve(w, r, o, g.options.Validators)
}

// find returns the version of an object that the path of a request names.
func (g *Account) find(r *http.Request) (o cdn.Object, ok bool) {
	g.mu.Lock()
	s := g.numbers[r.PathValue("number")]
	if s == nil || !s.trashed.IsZero() {
		g.mu.Unlock()
		return cdn.Object{}, false
	}
	key := objectKey{s.ID, r.PathValue("label"), s.numberAt(r.PathValue("label"), r.PathValue("position"), r.PathValue("file"))}
	if fault.Of(r, fault.Changed) != nil {
		g.altered[key]++
	}
	medium, generation := s.medium, g.altered[key]
	g.mu.Unlock()

	named := medium.object(key.label, key.number)
	if key.label == "sprite" {
		named = &sample.Object{Content: sample.Bytes(sample.Picture(uint64(len(s.ID)), 0, sample.SmallWidth))}
	}
	if named == nil || named.Gone {
		return cdn.Object{}, false
	}
	content := sample.Altered(named.Content, generation)
	return cdn.Object{
		Content: content, Tag: g.digests.Tag(key.version(generation), content),
		Modified: g.env.Start.Truncate(time.Second).Add(time.Duration(generation) * time.Second),
	}, true
}
