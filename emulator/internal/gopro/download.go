package gopro

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// download answers the signed URLs of everything that belongs to a medium.
func (g *Account) download(w http.ResponseWriter, r *http.Request) {
	s, ok := g.medium(r.PathValue("id"))
	if !ok || r.PathValue("part") != "download" || s.Unlisted && g.options.UnfinishedNotFound {
		refuse(w, r, http.StatusNotFound)
		return
	}
	failure := fault.Of(r, fault.ShortPage, fault.Reorder, fault.Empty)
	if failure != nil && failure.Kind == fault.ShortPage {
		s.Missing = slices.Clone(s.Missing)
		for number := min(cmp.Or(failure.Count, 12), len(s.Sources)-1) + 1; number <= len(s.Sources); number++ {
			s.Missing = append(s.Missing, number)
		}
	}
	d := manifest{g: g, s: &s, turn: g.turn(s.ID), files: []entry{}, variations: []entry{}, sprites: []entry{}, sidecars: []entry{}}
	if !s.Unlisted && (failure == nil || failure.Kind != fault.Empty) {
		d.fill()
	}
	if failure != nil && failure.Kind == fault.Reorder {
		slices.Reverse(d.files)
		d.reverseSources()
	}
	if g.options.Shuffled {
		d.files, d.variations, d.sidecars = rotated(d.files, d.turn), rotated(d.variations, d.turn), rotated(d.sidecars, d.turn)
	}
	route.JSON(w, http.StatusOK, map[string]any{"filename": s.Filename, "_embedded": map[string]any{
		"files": d.files, "variations": d.variations, "sprites": d.sprites, "sidecar_files": d.sidecars,
	}})
}

// turn counts the downloads of a medium, from 1.
func (g *Account) turn(id string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turns[id]++
	return g.turns[id]
}

func rotated(entries []entry, by int) []entry {
	if len(entries) == 0 {
		return entries
	}
	by %= len(entries)
	return slices.Concat(entries[by:], entries[:by])
}

// entry is one element of the arrays of a download.
type entry map[string]any

// manifest is a download in the making.
type manifest struct {
	g                                    *Account
	s                                    *stored
	turn                                 int // number of this download, from 1
	files, variations, sprites, sidecars []entry
}

func (d *manifest) fill() {
	switch {
	case d.s.Set:
		d.set()
	case d.s.photo():
		d.photo()
	default:
		d.video()
	}
	for i := range d.s.RAW {
		e := d.sidecar(sample.Rendition{Label: sample.LabelRAW, Type: "gpr"}, i+1, &d.s.RAW[i])
		if len(d.s.RAW) > 1 {
			e["item_number"] = i + 1
		}
		d.sidecars = append(d.sidecars, e)
	}
	for i := range d.s.Sidecars {
		d.sidecars = append(d.sidecars, d.sidecar(d.s.Sidecars[i], 1, &d.s.Sidecars[i].Object))
	}
	if d.g.options.ChaptersDescending {
		d.reverseSources()
	}
}

// lists reports whether this download lists the source of a number.
func (d *manifest) lists(number int) bool {
	return d.s.listed(number) && !slices.Contains(d.s.Sources[number-1].Listed.LeftOut, d.turn)
}

func (d *manifest) photo() {
	for i := range d.s.Sources {
		d.files = append(d.files, d.file(d.rendition(sample.LabelSource, d.s.Sources[i]), i+1, &d.s.Sources[i]))
		d.variations = append(d.variations, d.variation(d.rendition(sample.LabelSource, d.s.Sources[i]), i+1, &d.s.Sources[i]))
	}
}

// set lists every frame as a file, and of the sources the cover or, if they are
// numbered, all.
func (d *manifest) set() {
	for i := range d.s.Sources {
		if !d.lists(i + 1) {
			continue
		}
		r := d.rendition(sample.LabelSource, d.s.Sources[i])
		d.files = append(d.files, d.file(r, i+1, &d.s.Sources[i]))
		if !d.s.Numbered && i > 0 {
			continue
		}
		v := d.variation(r, i+1, &d.s.Sources[i])
		if d.s.Numbered {
			d.number(v, i+1)
			applyListed(v, d.s.Sources[i].Listed)
		}
		d.variations = append(d.variations, v)
	}
	for i := range d.s.Beside {
		o := &d.s.Beside[i]
		if !slices.Contains(o.Listed.LeftOut, d.turn) {
			d.files = append(d.files, d.file(d.rendition(sample.LabelSource, *o), len(d.s.Sources)+i+1, o))
		}
	}
}

// video lists one proxy as its file, and the originals among the variations.
func (d *manifest) video() {
	d.proxies(true)
	if d.s.Concat != nil {
		d.variations = append(d.variations, d.variation(d.rendition(sample.LabelConcat, *d.s.Concat), 1, d.s.Concat))
	}
	for i := range d.s.Sources {
		if !d.lists(i + 1) {
			continue
		}
		v := d.variation(d.rendition(sample.LabelSource, d.s.Sources[i]), i+1, &d.s.Sources[i])
		if len(d.s.Sources) > 1 {
			d.number(v, i+1)
			applyListed(v, d.s.Sources[i].Listed)
		}
		d.variations = append(d.variations, v)
	}
	if d.s.Baked != nil {
		r := d.rendition(sample.LabelBaked, *d.s.Baked)
		d.variations = append(d.variations, d.variation(r, 1, d.s.Baked))
		d.files = append(d.files, d.file(r, 1, d.s.Baked))
	}
	d.proxies(false)
	if len(d.s.Proxies) > 0 && !d.s.Old {
		d.sprite()
	}
}

// proxies lists those that come before the source, or those that come after it.
func (d *manifest) proxies(before bool) {
	nth := map[string]int{}
	for i := range d.s.Proxies {
		p := d.s.Proxies[i]
		nth[p.Label]++
		first := p.Label == "edit_proxy" || p.Label == "audio_proxy"
		if p.Label == sample.LabelProxy && d.g.options.ProxyFirst {
			first, p.Width, p.Height = true, d.s.Width, d.s.Height
		}
		if first == before {
			v := d.variation(p, nth[p.Label], &d.s.Proxies[i].Object)
			applyListed(v, d.s.Proxies[i].Object.Listed)
			d.variations = append(d.variations, v)
		}
		if p.Label == sample.LabelProxy && before && nth[p.Label] == 1 {
			d.files = append(d.files, d.file(p, 1, &d.s.Proxies[i].Object))
		}
	}
}

// rendition describes an original by the medium it is of.
func (d *manifest) rendition(label string, o sample.Object) sample.Rendition {
	return sample.Rendition{Label: label, Type: extensionOf(&d.s.medium, o), Width: d.s.Width, Height: d.s.Height}
}

// extensionOf returns the type of an original: that of its own name if it is one
// of the known ones, else the usual one.
func extensionOf(m *medium, o sample.Object) string {
	name := strings.ToLower(o.Name)
	for _, known := range []string{"jpg", "mp4", "360", "gpr", "mov"} {
		if strings.HasSuffix(name, "."+known) {
			return known
		}
	}
	if m.photo() || m.Set {
		return "jpg"
	}
	return "mp4"
}

// located begins an entry with its signed URLs.
func (d *manifest) located(r sample.Rendition, number int, o *sample.Object) entry {
	kind := r.Type[strings.LastIndexByte(r.Type, '.')+1:] // of "1.mp4", the last part
	file := cmp.Or(o.Listed.File, fmt.Sprintf("%d.%s", number, kind))
	path := fmt.Sprintf("/%s/%s/%s/%s/%s", d.g.user, d.s.number, r.Label, positionOf(o), file)
	e := entry{"url": d.g.signedURL(http.MethodGet, path, o.Name), "head": d.g.signedURL(http.MethodHead, path, o.Name)}
	if !d.s.Old && !d.g.options.WithoutAvailable {
		e["available"] = !o.Gone
	}
	if d.g.options.Extras {
		e["urls"], e["heads"] = []any{e["url"]}, []any{e["head"]}
		e["transforms"] = []string{"rotate"}
	}
	return e
}

func (d *manifest) file(r sample.Rendition, number int, o *sample.Object) entry {
	e := d.located(r, number, o)
	e["camera_position"], e["item_number"], e["orientation"] = "default", number, 1
	e["width"], e["height"] = r.Width, r.Height
	applyListed(e, o.Listed)
	return e
}

func (d *manifest) variation(r sample.Rendition, number int, o *sample.Object) entry {
	e := d.located(r, number, o)
	e["width"], e["height"], e["label"], e["type"] = r.Width, r.Height, r.Label, r.Type
	e["quality"] = strconv.Itoa(r.Height) + "p"
	return e
}

func (d *manifest) sidecar(r sample.Rendition, number int, o *sample.Object) entry {
	e := d.located(r, number, o)
	e["label"], e["type"], e["fps"] = r.Label, r.Type, r.FPS
	return e
}

func (d *manifest) number(e entry, n int) {
	if d.g.options.WithoutItemNumbers {
		return
	}
	e["item_number"], e["camera_position"] = n, "default"
}

// sprite lists one sheet of small stills.
func (d *manifest) sprite() {
	path := fmt.Sprintf("/%s/%s/sprite/default/1.jpg", d.g.user, d.s.number)
	d.sprites = append(d.sprites, entry{
		"fps": 59.94006, "frame": map[string]int{"count": 1, "height": 72, "width": sample.SmallWidth},
		"height": 72, "width": sample.SmallWidth, "total_count": 1, "type": "jpg",
		"urls":  []string{d.g.signedURL(http.MethodGet, path, "sprite.jpg")},
		"heads": []string{d.g.signedURL(http.MethodHead, path, "sprite.jpg")},
	})
}

// reverseSources lists the sources last to first where they stand.
func (d *manifest) reverseSources() {
	var places []int
	var sources []entry
	for i, v := range d.variations {
		if v["label"] == sample.LabelSource {
			places, sources = append(places, i), append(sources, v)
		}
	}
	slices.Reverse(sources)
	for i, place := range places {
		d.variations[place] = sources[i]
	}
}
