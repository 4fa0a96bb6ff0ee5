package gopro

import (
	"path"
	"strings"

	"github.com/gondola-sync/gondola/emulator/sample"
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
	Medium  string
	Part    int // from 1
	Label   string
	Name    string // as the camera gave it; "" if there is no file
	Size    int64  // bytes
	SHA256  string // lower-case hex
	Refused bool
	// Why is "not_ready", "edit_project", "no_original", "incomplete", "empty",
	// "unsupported_type" or "too_large", or "" if not refused.
	Why string
}

// Expected returns an expectation for every original that the account has or
// should have, and one for each medium without any, newest capture first.
func (g *Account) Expected() []Expectation {
	var all []Expectation
	for _, m := range g.Library() {
		all = append(all, g.expect(medium(m))...)
	}
	return all
}

func (g *Account) expect(m medium) []Expectation {
	if why := m.refused(); why != "" {
		label := sample.LabelSource
		if m.edited() {
			label = sample.LabelBaked
		}
		return []Expectation{{Medium: m.ID, Part: 1, Label: label, Refused: true, Why: why}}
	}
	var list []Expectation
	for i, o := range m.Sources {
		if o.Gone || !m.listed(i+1) {
			list = append(list, Expectation{
				Medium: m.ID, Part: i + 1, Label: sample.LabelSource, Name: o.Name, Refused: true, Why: "incomplete",
			})
			continue
		}
		list = append(list, g.fileOf(m, sample.LabelSource, i+1, o))
	}
	if len(m.Sources) == 0 {
		list = append(list, g.fileOf(m, sample.LabelBaked, 1, *m.Baked))
	}
	for i, o := range m.Beside {
		list = append(list, g.fileOf(m, sample.LabelSource, len(m.Sources)+i+1, o))
	}
	for i, o := range m.RAW {
		list = append(list, g.fileOf(m, sample.LabelRAW, i+1, o))
	}
	return list
}

func (g *Account) fileOf(m medium, label string, number int, o sample.Object) Expectation {
	key := objectKey{m.ID, label, number}
	g.mu.Lock()
	generation := g.altered[key]
	g.mu.Unlock()
	content := sample.Altered(o.Content, generation)
	why := refusedFile(o, extensionOf(&m, o), m.photo() || m.Set)
	return Expectation{
		Medium: m.ID, Part: number, Label: label, Name: o.Name, Size: content.Size(),
		SHA256: g.digests.SHA256(key.version(generation), content), Refused: why != "", Why: why,
	}
}

// refused says why nothing of the medium can be carried, or "". A medium that is
// only being transcoded has its originals.
func (m *medium) refused() string {
	switch {
	case m.Unlisted && m.state() != "failure":
		return "not_ready"
	case m.edited() && m.Baked == nil:
		return "edit_project"
	case m.Unlisted, len(m.Sources) == 0 && m.Baked == nil:
		return "no_original"
	}
	return ""
}

// refusedFile says why a file cannot be carried, or "".
func refusedFile(o sample.Object, extension string, photo bool) string {
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
