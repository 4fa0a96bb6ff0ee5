package sample

import (
	"bytes"
	"image/jpeg"
	"io"
	"testing"
	"time"

	"github.com/abema/go-mp4"
	"github.com/rwcarlsen/goexif/exif"
	"pgregory.net/rapid"
)

func reader(c Content) *io.SectionReader { return io.NewSectionReader(c, 0, c.Size()) }

func TestPhotosAreValidJPEGWithEXIF(t *testing.T) {
	t.Parallel()
	taken := time.Date(2025, 6, 1, 9, 11, 5, 0, time.UTC)
	for _, size := range []int64{0, MinSample + 1, MinSample + 65530, 2 << 20} {
		photo := NewPhoto(Shot{Seed: 7, Number: 42, Taken: taken, Camera: "HERO11 Black", Width: 5568, Height: 4872,
			Place: &Place{Latitude: 46.5, Longitude: -7.25}}, size)
		if want := max(size, MinSample); photo.Size() != want {
			t.Errorf("size %d: %d bytes, want %d", size, photo.Size(), want)
		}
		img, err := jpeg.Decode(reader(photo))
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		if got := img.Bounds().Dx(); got != SmallWidth {
			t.Errorf("size %d: picture %d wide, want %d", size, got, SmallWidth)
		}
		x, err := exif.Decode(reader(photo))
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		for tag, want := range map[exif.FieldName]string{
			exif.Make: "GoPro", exif.Model: "HERO11 Black", exif.DateTimeOriginal: "2025:06:01 09:11:05",
		} {
			v, err := x.Get(tag)
			if err != nil {
				t.Fatalf("size %d: %v", size, err)
			}
			if got, _ := v.StringVal(); got != want {
				t.Errorf("size %d: %s is %q, want %q", size, tag, got, want)
			}
		}
		if lat, long, err := x.LatLong(); err != nil || lat != 46.5 || long != -7.25 {
			t.Errorf("size %d: place is %v, %v (%v), want 46.5, -7.25", size, lat, long, err)
		}
	}
}

func TestVideosAreValidMP4(t *testing.T) {
	t.Parallel()
	taken := time.Date(2025, 6, 1, 8, 30, 0, 0, time.UTC)
	for _, size := range []int64{0, 1 << 20, 5 << 30} {
		shot := Shot{Seed: 9, Number: 3, Taken: taken, Width: 3840, Height: 2160, Duration: 19020 * time.Millisecond}
		video := NewVideo(shot, size)
		info, err := mp4.Probe(reader(video))
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		if info.Timescale != movieTimescale || info.Duration != 19020 || len(info.Tracks) != 1 {
			t.Fatalf("size %d: duration %d/%d of %d tracks", size, info.Duration, info.Timescale, len(info.Tracks))
		}
		if chunks := info.Tracks[0].Chunks; len(chunks) != 1 || chunks[0].DataOffset == 0 {
			t.Errorf("size %d: chunks %v, want one with an offset", size, chunks)
		}
		frame := make([]byte, info.Tracks[0].Samples[0].Size)
		if _, err := video.ReadAt(frame, int64(info.Tracks[0].Chunks[0].DataOffset)); err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(frame)); err != nil {
			t.Errorf("size %d: frame: %v", size, err)
		}
		boxes, err := mp4.ExtractBoxWithPayload(reader(video), nil, mp4.BoxPath{mp4.BoxTypeMoov(), mp4.BoxTypeTrak(), mp4.BoxTypeTkhd()})
		if err != nil || len(boxes) != 1 {
			t.Fatalf("size %d: tkhd: %v", size, err)
		}
		header := boxes[0].Payload.(*mp4.Tkhd)
		if header.Width>>16 != 3840 || header.Height>>16 != 2160 || header.GetCreationTime() != macTime(taken) {
			t.Errorf("size %d: %dx%d created %d", size, header.Width>>16, header.Height>>16, header.GetCreationTime())
		}
	}
}

func TestLeastSizesHoldEverySample(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		for _, large := range []bool{false, true} {
			s := Shot{Seed: noiseWord(seed, 5), Number: 88888, Camera: "A camera with quite a long name", Large: large,
				Place: &Place{}, Width: 1, Height: 1}
			for name, l := range map[string]*layout{"photo": planPhoto(s, 0), "video": planVideo(s, 0)} {
				if need := int64(len(l.head) + len(l.tail) + 4); need > s.least() {
					t.Errorf("%s %d needs %d bytes, more than the least size %d", name, seed, need, s.least())
				}
			}
		}
	}
}

func TestSamplesReadTheSameAtAnyOffset(t *testing.T) {
	t.Parallel()
	whole := map[string]Content{
		"photo": NewPhoto(Shot{Seed: 1}, 300_000), "video": NewVideo(Shot{Seed: 2}, 100_000),
		"noise": NewNoise("II*\x00", 3, 5000), "bytes": Bytes("some bytes in memory"),
	}
	rapid.Check(t, func(t *rapid.T) {
		c := whole[rapid.SampledFrom([]string{"photo", "video", "noise", "bytes"}).Draw(t, "kind")]
		all, err := io.ReadAll(reader(c))
		if err != nil || int64(len(all)) != c.Size() {
			t.Fatalf("read %d of %d bytes: %v", len(all), c.Size(), err)
		}
		off := rapid.Int64Range(0, c.Size()).Draw(t, "offset")
		p := make([]byte, rapid.IntRange(0, 70_000).Draw(t, "length"))
		n, err := c.ReadAt(p, off)
		if want := min(int64(len(p)), c.Size()-off); int64(n) != want || n < len(p) && err != io.EOF {
			t.Fatalf("read %d bytes at %d: %v, want %d", n, off, err, want)
		}
		if !bytes.Equal(p[:n], all[off:off+int64(n)]) {
			t.Fatalf("bytes at %d differ from those of the whole", off)
		}
	})
}

func TestNoiseDiffersFromPlaceToPlace(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for seed := range uint64(4) {
		for i := range uint64(10_000) {
			seen[noiseWord(seed, i)] = true
		}
	}
	if len(seen) != 40_000 {
		t.Errorf("%d distinct words of 40000", len(seen))
	}
}

func BenchmarkNoise(b *testing.B) {
	p := make([]byte, 32<<10)
	b.SetBytes(int64(len(p)))
	for i := range b.N {
		noise(p, 1, int64(i)*int64(len(p)))
	}
}
