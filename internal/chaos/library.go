package main

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// library returns what a session carries.
func (o sessionOptions) library(rng *rand.Rand) emulator.Library {
	if o.line > 0 {
		return midSized(rng, o.items)
	}
	return mixed(rng, o.items)
}

// midSized returns n photos that fit into one upload request each, just.
func midSized(rng *rand.Rand, n int) emulator.Library {
	s := shelf{rng: rng, at: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)}
	for i := range n {
		s.add("Photo", []string{fmt.Sprintf("GOPR%04d.JPG", i+1)}, func() int64 { return 7*mib/2 + rng.Int64N(3*mib/2) })
	}
	return s.media
}

// mixed returns media with n files to carry: many small ones, a burst, videos
// in chapters, a few videos that go up in several segments, two photos of one
// name, and beside them two files that no destination takes.
func mixed(rng *rand.Rand, n int) emulator.Library {
	s := shelf{rng: rng, at: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)}
	for range 1 + n/200 {
		s.add("Video", names("GX%02d0900.MP4", 1), func() int64 { return 5*mib + rng.Int64N(4*mib) })
	}
	s.add("Video", names("GX%02d0901.MP4", 2), func() int64 { return 5*mib + rng.Int64N(2*mib) })
	for range 1 + n/100 {
		s.add("Video", names("GH%02d0902.MP4", 3), func() int64 { return 40*kib + rng.Int64N(300*kib) })
	}
	s.add("Burst", names("G001%04d.JPG", max(n/16, 2)), func() int64 { return 6*kib + rng.Int64N(8*kib) })
	for range 2 {
		s.add("Photo", []string{"GOPR0007.JPG"}, func() int64 { return 6*kib + rng.Int64N(32*kib) })
	}
	many := emulator.Many(max(n-s.files, 0), rng.Uint64())
	s.add("Video", []string{"GS010903.360"}, func() int64 { return 40 * kib })
	s.add("Photo", []string{"GOPR0904.JPG"}, func() int64 { return 0 })
	return append(many, s.media...)
}

// names returns the names of n parts.
func names(pattern string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(pattern, i+1)
	}
	return list
}

// shelf collects media.
type shelf struct {
	rng   *rand.Rand
	at    time.Time
	media emulator.Library
	files int
}

// add makes one medium of as many files as there are names.
func (s *shelf) add(kind string, names []string, size func() int64) {
	s.at = s.at.Add(time.Duration(1+s.rng.IntN(90)) * time.Minute)
	m := emulator.Medium{
		ID: s.id(), Type: kind, Filename: &names[0], Set: kind == "Burst",
		Extension: strings.TrimPrefix(strings.ToLower(path.Ext(names[0])), "."),
		Captured:  s.at, Created: s.at.Add(5 * time.Hour), Camera: "HERO12 Black", Width: 1920, Height: 1080,
	}
	shot := emulator.Shot{Taken: s.at, Camera: m.Camera, Width: m.Width, Height: m.Height}
	for i, name := range names {
		shot.Seed, shot.Number = s.rng.Uint64(), i
		m.Sources = append(m.Sources, emulator.Object{Name: name, Content: content(name, shot, size())})
	}
	s.media = append(s.media, m)
	s.files += len(names)
}

func content(name string, shot emulator.Shot, size int64) emulator.Content {
	switch {
	case size == 0:
		return emulator.Bytes{}
	case strings.HasSuffix(name, ".JPG"):
		return emulator.NewPhoto(shot, size)
	}
	shot.Duration = 12 * time.Second
	return emulator.NewVideo(shot, size)
}

// id returns 13 characters that no other medium has.
func (s *shelf) id() string {
	return base32.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, s.rng.Uint64()))[:13]
}
