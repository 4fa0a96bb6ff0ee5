package gopro

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/sample"
)

// thumbnailWidth is that of the one size that is resized, in pixels.
const thumbnailWidth = 450

// thumbnail serves a JPEG of a medium by the token of its row; without a valid
// one it answers 404, also with a JPEG.
func (c *Cloud) thumbnail(w http.ResponseWriter, r *http.Request) {
	g := c.admit(r)
	if g == nil {
		c.unauthorized(w, r)
		return
	}
	s, ok := g.pictured(r.PathValue("token"))
	size := r.PathValue("size")
	if !ok || size != "450w" && size != "original" {
		writeJPEG(w, http.StatusNotFound, sample.Picture(0, 0, sample.SmallWidth))
		return
	}
	shot := s.shot()
	writeJPEG(w, http.StatusOK, sample.Picture(shot.Seed, shot.Number, thumbnailWidth))
}

func writeJPEG(w http.ResponseWriter, status int, picture []byte) {
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
	w.WriteHeader(status)
	_, _ = w.Write(picture) // the client may be gone
}

// pictured returns the medium that a thumbnail token is of.
func (g *Account) pictured(token string) (stored, bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return stored{}, false
	}
	body, signature := token[:dot], token[dot+1:]
	got, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(got, g.signer.MAC("thumbnail "+body)) {
		return stored{}, false
	}
	_, claims, _ := strings.Cut(body, ".")
	plain, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return stored{}, false
	}
	var claim struct {
		Number string `json:"medium_id"`
	}
	if err := json.Unmarshal(plain, &claim); err != nil {
		return stored{}, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.numbers[claim.Number]
	if s == nil || !s.trashed.IsZero() {
		return stored{}, false
	}
	return *s, true
}

// shot returns what the first generated file of the medium shows.
func (m *medium) shot() sample.Shot {
	files := slices.Clone(m.Sources)
	if m.Baked != nil {
		files = append(files, *m.Baked)
	}
	for _, p := range m.Proxies {
		files = append(files, p.Object)
	}
	for _, o := range files {
		if s, ok := sample.ShotOf(o.Content); ok {
			return s
		}
	}
	return sample.Shot{}
}
