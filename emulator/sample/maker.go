package sample

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"
)

// maker makes media that look like those of cameras. Equal seeds make equal
// media.
type maker struct {
	seed   uint64
	n      int // media made
	at     time.Time
	camera string
	large  bool // pictures large enough to look at
}

func newMaker(seed uint64) *maker {
	return &maker{seed: seed, at: time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC), camera: "HERO11 Black"}
}

// next begins a medium that was captured some time after the last one and
// uploaded that evening.
func (k *maker) next(kind, name string) Medium {
	k.n++
	k.at = k.at.Add(17*time.Minute + 5*time.Second)
	return Medium{
		ID: mediumID(k.seed, k.n), Type: kind, Filename: &name,
		Extension: strings.TrimPrefix(strings.ToLower(path.Ext(name)), "."),
		Captured:  k.at, Created: k.at.Add(11 * time.Hour), Camera: k.camera,
	}
}

// mediumID returns 13 alphanumerics, or for every fourth medium 24 hex digits.
func mediumID(seed uint64, n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	x := noiseWord(seed^0x1d, uint64(n))
	if n%4 == 3 {
		return fmt.Sprintf("66%06x%016x", n&0xffffff, x)
	}
	id := make([]byte, 13)
	for i := range id {
		id[i] = alphabet[x%62]
		if x /= 62; x < 62 {
			x = noiseWord(seed^0x2e, uint64(n*16+i))
		}
	}
	return string(id)
}

func (k *maker) shot(m Medium, frame int) Shot {
	return Shot{
		Seed: noiseWord(k.seed, uint64(k.n)<<20|uint64(frame)), Number: k.n, Taken: m.Captured, Camera: m.Camera,
		Width: m.Width, Height: m.Height, Duration: m.Duration, Large: k.large,
	}
}

func (k *maker) photo(name string, size int64) Medium {
	m := k.next("Photo", name)
	m.Width, m.Height = 5568, 4872
	m.Sources = []Object{{Name: name, Content: NewPhoto(k.shot(m, 1), size)}}
	return m
}

// withRAW puts a raw photo beside each source.
func (k *maker) withRAW(m Medium, size int64) Medium {
	for i, s := range m.Sources {
		name := strings.TrimSuffix(s.Name, path.Ext(s.Name)) + ".GPR"
		m.RAW = append(m.RAW, Object{Name: name, Content: NewNoise("II*\x00", k.shot(m, 900+i).Seed, size)})
	}
	return m
}

// video makes a video of one or more chapters with the renditions that the
// cloud derives.
func (k *maker) video(kind string, names []string, size int64) Medium {
	m := k.next(kind, names[0])
	m.Width, m.Height = 3840, 2160
	m.Duration = 19020 * time.Millisecond * time.Duration(len(names))
	part := m
	part.Duration = 19020 * time.Millisecond
	for i, name := range names {
		// chapters but the last are full, so that sizes differ
		chapter := size - int64(i*997)
		m.Sources = append(m.Sources, Object{Name: name, Content: NewVideo(k.shot(part, i+1), chapter)})
	}
	m.Proxies = k.proxies(m)
	m.Sidecars = k.telemetry(m)
	return m
}

func (k *maker) proxies(m Medium) []Rendition {
	low := func(frame, width, height int) Content {
		s := k.shot(m, frame)
		s.Width, s.Height, s.Large = width, height, false
		return NewVideo(s, MinSample+int64(height)*16)
	}
	return []Rendition{
		{Label: "edit_proxy", Type: "mp4", Width: 1280, Height: 720, Object: Object{Name: "edit_proxy.mp4", Content: low(101, 1280, 720)}},
		{Label: "audio_proxy", Type: "m4a", Object: Object{Name: "audio_proxy.m4a", Content: NewNoise("\x00\x00\x00\x1cftypM4A ", k.shot(m, 102).Seed, 2048)}},
		{Label: LabelProxy, Type: "mp4", Width: 1920, Height: 1080, Object: Object{Name: "proxy.mp4", Content: low(103, 1920, 1080)}},
		{Label: "mp4_low", Type: "mp4", Width: 426, Height: 240, Object: Object{Name: "low.mp4", Content: low(104, 426, 240)}},
	}
}

// telemetry makes companions whose frame rate is no whole number, as most are.
func (k *maker) telemetry(m Medium) []Rendition {
	rate := 59.94006
	if k.n%2 == 0 {
		rate = 29.97003
	}
	return []Rendition{
		{Label: "gpmf", Type: "1.mp4", FPS: rate, Object: Object{Name: "gpmf.mp4", Content: NewNoise("\x00\x00\x00\x18ftypmp41", k.shot(m, 105).Seed, 1500)}},
		{Label: "mediainfo", Type: "json", Object: Object{Name: "mediainfo.json", Content: Bytes(`{"media":{"track":[]}}`)}},
	}
}

// set makes a photo set such as a burst; pattern has a verb for the number of
// the frame.
func (k *maker) set(kind, pattern string, frames int, size int64) Medium {
	m := k.next(kind, fmt.Sprintf(pattern, 1))
	m.Width, m.Height, m.Set = 3648, 2736, true
	for i := range frames {
		shot := k.shot(m, i+1)
		shot.Taken = m.Captured.Add(time.Duration(i) * time.Second / 10)
		m.Sources = append(m.Sources, Object{Name: fmt.Sprintf(pattern, i+1), Content: NewPhoto(shot, size+int64(i))})
	}
	m.Sidecars = []Rendition{{Label: labelZip, Type: "zip", Object: Object{Name: "frames.zip", Content: zipOf(m.Sources)}}}
	return m
}

// edit makes an edit of the app with its rendered film.
func (k *maker) edit(kind, name string, size int64) Medium {
	m := k.next(kind, name)
	m.Camera, m.Width, m.Height, m.Duration = "", 1920, 1080, 98*time.Second
	m.FileSize = []byte("null")
	m.Baked = &Object{Name: "Render.mp4", Content: NewVideo(k.shot(m, 1), size)}
	if kind == "MultiClipEdit" {
		m.Extension, m.MCEType, m.ItemCount = "json", "user_created", new(1)
		m.Sidecars = []Rendition{{Label: "edl_mce", Type: "json", Object: Object{Name: "edl.json", Content: Bytes(`{"edl":[]}`)}}}
	}
	m.Old = true
	return m
}

// built is content made when it is first asked for.
type built struct{ make func() Bytes }

func (b built) Size() int64                             { return b.make().Size() }
func (b built) ReadAt(p []byte, off int64) (int, error) { return b.make().ReadAt(p, off) }

func zipOf(objects []Object) Content {
	return built{sync.OnceValue(func() Bytes {
		var out bytes.Buffer
		if err := WriteZip(&out, objects); err != nil {
			panic(err) // generated content into memory
		}
		return out.Bytes()
	})}
}

// chapters names the chapters of a recording as HERO6 and later do.
func chapters(number, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("GX%02d%04d.MP4", i+1, number)
	}
	return names
}
