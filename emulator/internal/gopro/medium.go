package gopro

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/emulator/sample"
)

// medium is what the service knows of a Medium.
type medium sample.Medium

func (m *medium) state() string {
	if m.State == "" {
		return "ready"
	}
	return m.State
}

func (m *medium) photo() bool { return m.Type == "Photo" }

// edited reports whether the medium is made by the app and not by a camera.
func (m *medium) edited() bool { return m.Type == "MultiClipEdit" || m.Type == "Edit" }

func (m *medium) itemCount() int {
	if m.ItemCount != nil {
		return *m.ItemCount
	}
	return len(m.uploads())
}

// uploads are all files as they were uploaded, in the order of their numbers. The
// frames of a burst are looked up one by one, so they are copied only where
// others lie beside them.
func (m *medium) uploads() []sample.Object {
	if len(m.Beside) == 0 {
		return m.Sources
	}
	return slices.Concat(m.Sources, m.Beside)
}

// bytes is the sum of the originals.
func (m *medium) bytes() int64 {
	var sum int64
	for _, s := range m.uploads() {
		sum += s.Content.Size()
	}
	return sum
}

// listed reports whether downloads list the source of a number, from 1.
func (m *medium) listed(number int) bool { return !slices.Contains(m.Missing, number) }

// object returns what lies at a label and number, from 1, or nil.
func (m *medium) object(label string, number int) *sample.Object {
	of := func(objects []sample.Object) *sample.Object {
		if number < 1 || number > len(objects) {
			return nil
		}
		return &objects[number-1]
	}
	switch label {
	case sample.LabelSource:
		return of(m.uploads())
	case sample.LabelRAW:
		return of(m.RAW)
	case sample.LabelBaked:
		return onlyFirst(m.Baked, number)
	case sample.LabelConcat:
		return onlyFirst(m.Concat, number)
	}
	for _, list := range [][]sample.Rendition{m.Proxies, m.Sidecars} {
		nth := 0
		for i := range list {
			if list[i].Label != label {
				continue
			}
			if nth++; nth == number {
				return &list[i].Object
			}
		}
	}
	return nil
}

func onlyFirst(o *sample.Object, number int) *sample.Object {
	if number != 1 {
		return nil
	}
	return o
}

// numberAt returns which object of a label lies at an address, from 1, or 0.
func (m *medium) numberAt(label, position, file string) int {
	for number := 1; ; number++ {
		o := m.object(label, number)
		if o == nil {
			break
		}
		if o.Listed.File == file && positionOf(o) == position {
			return number
		}
	}
	digits, _, _ := strings.Cut(file, ".")
	number, _ := strconv.Atoi(digits)
	if o := m.object(label, number); o != nil && (o.Listed.File != "" || positionOf(o) != position) {
		return 0
	}
	return number
}

func (m *medium) fileSize() any {
	if m.FileSize != nil {
		return m.FileSize
	}
	return m.bytes()
}

func (m *medium) resolution() any {
	switch {
	case m.Width == 0 || m.Height == 0:
		return nil
	case m.photo() || m.Set:
		return strconv.Itoa(m.Width * m.Height)
	}
	return strconv.Itoa(m.Height) + "p"
}

func (m *medium) sourceDuration() any {
	if m.Duration == 0 {
		return nil
	}
	return strconv.FormatInt(m.Duration.Milliseconds(), 10)
}

func (m *medium) playAs() string {
	switch {
	case m.Type == "MultiClipEdit":
		return "edl"
	case m.Set:
		return "multi_shot_photo"
	case m.photo():
		return "photo"
	}
	return "video"
}

// positionOf is the camera position that an object is listed with.
func positionOf(o *sample.Object) string { return cmp.Or(o.Listed.Position, "default") }

// applyListed changes an entry to what is listed of an object.
func applyListed(e entry, l sample.Listed) {
	switch {
	case l.Number == nil:
	case *l.Number == 0:
		delete(e, "item_number")
		delete(e, "camera_position")
	default:
		e["item_number"] = *l.Number
	}
	if l.Position != "" {
		e["camera_position"] = l.Position
	}
	for key, value := range map[string]int{"width": l.Width, "height": l.Height, "orientation": l.Orientation} {
		if value != 0 {
			e[key] = value
		}
	}
}
