package sample

import (
	"encoding/json"
	"strings"
	"time"
)

// Mixed is a library of everything that is known to occur, in small: each type
// of medium, hostile and repeated names, ids that differ in case only, files no
// destination takes, media without an original, without bytes or not ready.
func Mixed(seed uint64) Library {
	k := newMaker(seed)
	var l Library
	l = append(l, k.ordinary()...)
	l = append(l, k.repeated()...)
	l = append(l, k.untakable()...)
	l = append(l, k.unfinished()...)
	l = append(l, k.misnamed()...)
	return append(l, k.misdated()...)
}

// ordinary is one medium of each type.
func (k *maker) ordinary() Library {
	concat := k.video("Video", chapters(43, 4), 90*kib)
	concat.Old = true
	joined := k.shot(concat, 200)
	concat.Concat = &Object{Name: "concat.mp4", Content: NewVideo(joined, 400*kib)}
	numbered := k.set("TimeLapse", "G005%04d.JPG", 4, 8*kib)
	numbered.Numbered = true
	export := k.edit("Edit", "My Edit.mp4", 70*kib)
	export.Composition = "export"
	return Library{
		k.photo("GOPR2231.JPG", 60*kib),
		k.withRAW(k.photo("GOPR2232.JPG", 50*kib), 40*kib),
		k.video("Video", chapters(42, 1), 120*kib),
		concat,
		k.video("Video", chapters(47, 12), 20*kib),
		k.set("Burst", "G001%04d.JPG", 30, 8*kib),
		k.set("Continuous", "G003%04d.JPG", 5, 8*kib),
		k.set("TimeLapse", "G002%04d.JPG", 1200, 7*kib),
		numbered,
		k.video("TimeLapseVideo", chapters(48, 1), 80*kib),
		k.video("LoopedVideo", []string{"GHAA0001.MP4", "GHAA0002.MP4"}, 50*kib),
		k.edit("MultiClipEdit", "", 60*kib),
		export,
	}
}

// repeated has equal names from two cameras, near-equal names, and ids that
// differ in case only.
func (k *maker) repeated() Library {
	first := k.photo("GOPR2231.JPG", 55*kib) // as the first photo of all
	first.Camera = "HERO8 Black"
	second := k.video("Video", []string{"GX010042.MP4"}, 70*kib) // as the first video
	second.Camera = "HERO8 Black"
	upper, lower := k.photo("GOPR3001.JPG", 20*kib), k.photo("GOPR3002.JPG", 20*kib)
	upper.ID = "qZ3n8Wc1Ty6Ha"
	lower.ID = strings.ToLower(upper.ID)
	return Library{first, second, k.video("Video", []string{"GH010042.MP4"}, 60*kib), upper, lower}
}

// untakable has what no destination takes.
func (k *maker) untakable() Library {
	raw := k.next("Photo", "GOPR2240.GPR")
	raw.Width, raw.Height = 5568, 4872
	raw.Sources = []Object{{Name: "GOPR2240.GPR", Content: NewNoise("II*\x00", k.shot(raw, 1).Seed, 30*kib)}}
	low := k.video("Video", []string{"GL010042.LRV"}, 30*kib)
	low.Extension = "mp4"
	thumb := k.photo("GX010042.THM", 10*kib)
	thumb.Extension = "jpg"
	empty := k.photo("GOPR2241.JPG", 0)
	empty.Sources[0].Content = Bytes{}
	lost := k.video("Video", []string{""}, 10*kib)
	lost.Sources, lost.Width, lost.Height, lost.Extension = nil, 1920, 1440, "mp4"
	project := k.edit("MultiClipEdit", "Trip.json", 10*kib)
	project.Baked = nil
	torn := k.video("Video", chapters(49, 3), 30*kib)
	torn.Missing = []int{2}
	gone := k.photo("GOPR2242.JPG", 10*kib)
	gone.Sources[0].Gone = true
	return Library{k.spherical("GS010007.360", 50*kib), raw, low, thumb, empty, lost, project, torn, gone}
}

// unfinished has media that the cloud still works on, and one it gave up.
func (k *maker) unfinished() Library {
	transcoding := k.video("Video", chapters(50, 1), 40*kib)
	transcoding.State = "transcoding"
	uploading := k.video("Video", chapters(51, 1), 40*kib)
	uploading.State, uploading.Unlisted, uploading.FileSize = "uploading", true, json.RawMessage("null")
	failed := k.photo("GOPR2243.JPG", 10*kib)
	failed.State, failed.Unlisted, failed.FileSize = "failure", true, json.RawMessage("0")
	return Library{transcoding, uploading, failed}
}

// misnamed has names that must not be trusted.
func (k *maker) misnamed() Library {
	var l Library
	for _, name := range []string{
		"../../etc/passwd.JPG", "/etc/cron.d/evil.JPG", `C:\Windows\evil.JPG`, "a\x00b\nc\x1b[31m.JPG", "..", ".JPG",
		"Été à Zürich 日本語 🏔.JPG", "cafe\u0301.JPG", "CON.JPG", "right\u202egpj.JPG", "no extension", " spaced .JPG ",
		strings.Repeat("long", 75) + ".JPG", "",
	} {
		m := k.photo(name, 9*kib)
		m.Extension = "jpg"
		m.Title = "Été 1/2"
		l = append(l, m)
	}
	nameless := k.photo("phone.JPG", 9*kib)
	nameless.Filename, nameless.Sources[0].Name = nil, ""
	return append(l, nameless)
}

// misdated has times and sizes that must not be trusted.
func (k *maker) misdated() Library {
	reset := k.photo("GOPR0001.JPG", 9*kib)
	reset.Captured = time.Date(2015, 1, 1, 0, 4, 0, 0, time.UTC)
	late := k.photo("GOPR2250.JPG", 9*kib)
	late.Created = late.Captured.Add(-10 * time.Hour)
	zoned := k.photo("GOPR2251.JPG", 9*kib)
	zoned.Zone = "+02:00"
	text := k.photo("GOPR2252.JPG", 9*kib)
	text.FileSize = json.RawMessage(`"9216"`)
	off := k.video("Video", chapters(52, 1), 30*kib)
	off.FileSize, off.Reprocessed = json.RawMessage("33965"), off.Created.Add(time.Hour) // 3245 too many
	zero := k.video("Video", chapters(53, 1), 30*kib)
	zero.FileSize = json.RawMessage("0")
	return Library{reset, late, zoned, text, off, zero}
}
