package photos

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"slices"

	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// transcode is another encoding of a video: the same pictures in other bytes. A
// file that is not held any more becomes one without pictures.
func transcode(f upload.File) io.ReadSeeker {
	data := f.Head
	if !f.Whole() {
		data = []byte("\x00\x00\x00\x14ftypmp42\x00\x00\x00\x00mp42")
	}
	return bytes.NewReader(append(slices.Clone(data), "\x00\x00\x00\x12freetranscoded"...))
}

const tagGPS = 0x8825

// withoutLocation empties the GPS directory in the Exif data of a JPEG. Other
// files have none that it would find.
func withoutLocation(data []byte) []byte {
	i := bytes.Index(data[:min(len(data), 128<<10)], []byte("Exif\x00\x00"))
	if i < 0 || !bytes.HasPrefix(data, []byte("\xff\xd8")) {
		return data
	}
	data = slices.Clone(data)
	guarded(func() { clearGPS(data[i+6:]) }) // broken offsets end it
	return data
}

// clearGPS works on a TIFF structure: the first directory names the GPS
// directory, whose entries and the values they point to are overwritten.
func clearGPS(tiff []byte) {
	var order binary.ByteOrder = binary.LittleEndian
	if bytes.HasPrefix(tiff, []byte("MM")) {
		order = binary.BigEndian
	}
	for entry := range entries(tiff, order, order.Uint32(tiff[4:])) {
		if order.Uint16(entry) != tagGPS {
			continue
		}
		at := order.Uint32(entry[8:])
		for gps := range entries(tiff, order, at) {
			clearValue(tiff, order, gps)
			clear(gps)
		}
		order.PutUint16(tiff[at:], 0)
	}
}

// entries iterates over the 12-byte entries of a TIFF directory.
func entries(tiff []byte, order binary.ByteOrder, at uint32) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for i := range uint32(order.Uint16(tiff[at:])) {
			start := at + 2 + 12*i
			if !yield(tiff[start : start+12]) {
				return
			}
		}
	}
}

func clearValue(tiff []byte, order binary.ByteOrder, entry []byte) {
	sizes := []uint32{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
	kind := order.Uint16(entry[2:])
	if int(kind) >= len(sizes) {
		return
	}
	if n := sizes[kind] * order.Uint32(entry[4:]); n > 4 {
		at := order.Uint32(entry[8:])
		clear(tiff[at : at+n])
	}
}

// maxPixels bounds what is decoded to make a thumbnail.
const maxPixels = 64 << 20

// thumbnail is a JPEG of an item: scaled for photos that can be decoded, else a
// drawing in a colour of its own.
func thumbnail(f upload.File, media mediaInfo, sum [32]byte, want rendition) []byte {
	source := decode(f, media)
	if source == nil {
		source = drawing(media, sum)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, scale(source, want), &jpeg.Options{Quality: 80}); err != nil {
		panic(err) // the picture is within bounds and the buffer takes everything
	}
	return out.Bytes()
}

func decode(f upload.File, media mediaInfo) image.Image {
	if media.video {
		return firstFrame(f)
	}
	if !f.Whole() || media.width*media.height > maxPixels {
		return nil
	}
	img, _, err := image.Decode(bytes.NewReader(f.Head))
	if err != nil {
		return nil
	}
	return img
}

// firstFrame finds a picture in a video of the one codec that is read here,
// Motion JPEG.
func firstFrame(f upload.File) image.Image {
	const tries = 8
	for _, data := range [][]byte{f.Head, f.Tail} {
		for range tries {
			i := bytes.Index(data, []byte("\xff\xd8\xff"))
			if i < 0 {
				break
			}
			data = data[i:]
			if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height <= maxPixels {
				if img, err := jpeg.Decode(bytes.NewReader(data)); err == nil {
					return img
				}
			}
			data = data[3:]
		}
	}
	return nil
}

// scale fits a picture into the wanted size without enlarging it, or fills the
// size exactly if cropping is asked.
func scale(src image.Image, want rendition) image.Image {
	b := src.Bounds()
	w, h := cmp.Or(want.width, b.Dx()), cmp.Or(want.height, b.Dy())
	if want.crop {
		return resample(src, cropped(b, w, h), w, h)
	}
	ratio := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()), 1)
	return resample(src, b, max(1, int(float64(b.Dx())*ratio)), max(1, int(float64(b.Dy())*ratio)))
}

// cropped is the middle part of b with the proportions of w to h.
func cropped(b image.Rectangle, w, h int) image.Rectangle {
	cw, ch := b.Dx(), max(1, b.Dx()*h/w)
	if ch > b.Dy() {
		cw, ch = max(1, b.Dy()*w/h), b.Dy()
	}
	x, y := b.Min.X+(b.Dx()-cw)/2, b.Min.Y+(b.Dy()-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

// resample draws the part r of src at w by h pixels, the mean of up to 16 pixels
// for each.
func resample(src image.Image, r image.Rectangle, w, h int) image.Image {
	const n = 4
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var red, green, blue uint32
			for k := range n * n {
				sx := r.Min.X + (x*n+k%n)*r.Dx()/(w*n)
				sy := r.Min.Y + (y*n+k/n)*r.Dy()/(h*n)
				cr, cg, cb, _ := src.At(sx, sy).RGBA()
				red, green, blue = red+cr>>8, green+cg>>8, blue+cb>>8
			}
			out.SetRGBA(x, y, color.RGBA{uint8(red / (n * n)), uint8(green / (n * n)), uint8(blue / (n * n)), 255})
		}
	}
	return out
}

// drawing stands for what can not be decoded: a sky over hills, in colours that
// the bytes decide. A video has the usual triangle.
func drawing(media mediaInfo, sum [32]byte) image.Image {
	const w, h = 480, 270
	hue := float64(sum[0]) / 256
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, landscape(x, y, w, h, hue, sum))
			if media.video && inTriangle(x-w/2, y-h/2) {
				img.Set(x, y, color.RGBA{255, 255, 255, 255})
			}
		}
	}
	return img
}

func landscape(x, y, w, h int, hue float64, sum [32]byte) color.Color {
	for layer := 3; layer >= 1; layer-- {
		phase := float64(sum[layer]) / 256 * 2 * math.Pi
		ridge := 0.35 + 0.17*float64(layer) + 0.08*math.Sin(float64(x)/float64(w)*float64(4+layer)+phase)
		if float64(y)/float64(h) > ridge {
			return shade(hue+0.04*float64(layer), 0.45, 0.62-0.13*float64(layer))
		}
	}
	return shade(hue, 0.35, 0.95-0.25*float64(y)/float64(h))
}

func inTriangle(x, y int) bool { return x > -22 && x < 34 && 7*max(y, -y) < 4*(34-x) }

// shade converts hue, saturation and value, each in [0, 1).
func shade(hue, saturation, value float64) color.Color {
	channel := func(n float64) uint8 {
		k := math.Mod(n+hue*6, 6)
		return uint8(255 * (value - value*saturation*max(0, min(k, 4-k, 1))))
	}
	return color.RGBA{channel(5), channel(3), channel(1), 255}
}
