package emulator

import (
	"path"
	"strings"
)

// Limits of Google Photos in bytes, by which expectations tell what cannot be
// carried there.
const (
	largestPhoto = 200_000_000
	largestVideo = 20_000_000_000
)

// Expectation is one file of the account and what a mover to Google Photos
// should make of it.
type Expectation struct {
	Medium  string `json:"medium"`
	Part    int    `json:"part"`   // from 1
	Label   string `json:"label"`  // "" if there is nothing to carry at all
	Name    string `json:"name"`   // as the camera gave it
	Size    int64  `json:"size"`   // bytes
	SHA256  string `json:"sha256"` // lower-case hex
	Refused bool   `json:"refused"`
	// Why is "not_ready", "edit_project", "no_original", "incomplete", "empty",
	// "unsupported_type" or "too_large", or "" if not refused.
	Why string `json:"why,omitempty"`
}

// Expected returns an expectation for every file that a download lists as an
// original, and one for each medium without any, newest capture first.
func (g *GoPro) Expected() []Expectation {
	var all []Expectation
	for _, m := range g.Library() {
		all = append(all, g.expect(m)...)
	}
	return all
}

func (g *GoPro) expect(m Medium) []Expectation {
	why := m.refused()
	var list []Expectation
	add := func(label string, number int, o Object) {
		x := g.fileOf(m, label, number, o)
		x.Why = why
		if why == "" {
			x.Why = o.refused(extensionOf(&m, o), m.photo() || m.Set)
		}
		x.Refused = x.Why != ""
		list = append(list, x)
	}
	if !m.Unlisted {
		for i, o := range m.Sources {
			if m.listed(i+1) && !o.Gone {
				add(labelSource, i+1, o)
			}
		}
		if len(m.Sources) == 0 && m.Baked != nil && !m.Baked.Gone {
			add(labelBaked, 1, *m.Baked)
		}
		for i, o := range m.RAW {
			if !o.Gone {
				add(labelRAW, i+1, o)
			}
		}
	}
	if len(list) == 0 {
		if why == "" {
			why = "no_original"
		}
		list = append(list, Expectation{Medium: m.ID, Part: 1, Refused: true, Why: why})
	}
	return list
}

func (g *GoPro) fileOf(m Medium, label string, number int, o Object) Expectation {
	key := objectKey{m.ID, label, number}
	g.mu.Lock()
	generation := g.altered[key]
	g.mu.Unlock()
	content := alteredContent(o.Content, generation)
	return Expectation{
		Medium: m.ID, Part: number, Label: label, Name: o.Name, Size: content.Size(),
		SHA256: g.digestsOf(key, generation).sha256(content),
	}
}

// refused says why no file of the medium can be carried, or "".
func (m *Medium) refused() string {
	switch {
	case m.state() != "ready":
		return "not_ready"
	case m.edited() && m.Baked == nil:
		return "edit_project"
	case len(m.Sources) == 0 && m.Baked == nil:
		return "no_original"
	case len(m.Sources) > 1 && m.torn():
		return "incomplete"
	}
	return ""
}

// torn reports whether one of the sources cannot be had.
func (m *Medium) torn() bool {
	for i, o := range m.Sources {
		if o.Gone || !m.listed(i+1) {
			return true
		}
	}
	return false
}

// refused says why the file cannot be carried, or "".
func (o Object) refused(extension string, photo bool) string {
	size := o.Content.Size()
	switch named := strings.ToLower(path.Ext(o.Name)); {
	case extension == "360", extension == "gpr", named == ".lrv", named == ".thm":
		return "unsupported_type"
	case size == 0:
		return "empty"
	case photo && size > largestPhoto, !photo && size > largestVideo:
		return "too_large"
	}
	return ""
}
