package sample

import (
	"fmt"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// Demo is a small library for demonstrations: 16 media, 29 files, about 40 MB,
// with the usual surprises (chapters, a burst, an edit, a 360 video, a raw photo).
func Demo() Library {
	k := newMaker(2025)
	k.large = true
	var l Library
	for i := range 6 {
		l = append(l, k.photo(fmt.Sprintf("GOPR%04d.JPG", 2231+i), int64(1400+137*i)*kib))
	}
	l = append(l,
		k.withRAW(k.photo("GOPR2237.JPG", 1800*kib), 2*mib),
		k.video("Video", chapters(42, 1), 3*mib),
		k.video("Video", chapters(43, 3), 2*mib),
		k.set("Burst", "G001%04d.JPG", 10, 300*kib),
		k.video("TimeLapseVideo", chapters(44, 1), 2*mib),
		k.video("LoopedVideo", []string{"GHAA0001.MP4", "GHAA0002.MP4"}, 2*mib),
		k.video("Video", chapters(45, 1), 2*mib),
		k.video("Video", chapters(46, 1), 2*mib),
		k.spherical("GS010007.360", 2*mib),
		k.edit("MultiClipEdit", "", 2*mib),
	)
	at := &Place{Latitude: 46.8182, Longitude: 8.2275}
	l[0].Sources[0].Content = NewPhoto(Shot{Seed: 77, Number: 1, Taken: l[0].Captured, Camera: l[0].Camera,
		Width: 5568, Height: 4872, Place: at, Large: true}, 1400*kib)
	return l
}

// Many is n small photos and videos, three of four being photos, captured a
// minute and more apart. Their bytes are made when they are read; an entry takes
// about 600 bytes of memory.
func Many(n int, seed uint64) Library {
	k := newMaker(seed)
	l := make(Library, 0, n)
	for i := range n {
		size := MinSample + int64(noiseWord(seed, uint64(i))%(16*kib))
		if i%4 == 3 {
			m := k.next("Video", fmt.Sprintf("GX01%04d.MP4", i%10000))
			m.Width, m.Height, m.Duration = 1920, 1080, 5*time.Second
			m.Sources = []Object{{Name: *m.Filename, Content: NewVideo(k.shot(m, 1), size)}}
			l = append(l, m)
			continue
		}
		l = append(l, k.photo(fmt.Sprintf("GOPR%04d.JPG", i%10000), size))
	}
	return l
}

// OnePhoto is a small photo, the nth of a seed.
func OnePhoto(seed uint64, n int, name string) Medium {
	k := newMaker(seed)
	k.n = n
	return k.photo(name, MinSample)
}

// Large is one video of a size in bytes. It costs no memory.
func Large(size int64) Library {
	return Library{newMaker(uint64(size)).video("Video", chapters(42, 1), size)}
}

// spherical makes a 360 video, whose proxy is taller than its source.
func (k *maker) spherical(name string, size int64) Medium {
	m := k.next("Video", name)
	m.Camera, m.Width, m.Height, m.Duration = "GoPro Max", 4096, 1344, 21500*time.Millisecond
	m.Sources = []Object{{Name: name, Content: NewVideo(k.shot(m, 1), size)}}
	flat := k.shot(m, 101)
	flat.Width, flat.Height, flat.Large = 2880, 1440, false
	m.Proxies = []Rendition{{Label: LabelProxy, Type: "mp4", Width: 2880, Height: 1440,
		Object: Object{Name: "proxy.mp4", Content: NewVideo(flat, 20*kib)}}}
	return m
}
