package sample

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"math"
)

const jpegQuality = 80

// Widths of the pictures in generated files, in pixels.
const (
	SmallWidth = 96
	LargeWidth = 480
)

// frame renders the picture of a shot as a bare JPEG.
func (s Shot) frame() []byte {
	width := SmallWidth
	if s.Large {
		width = LargeWidth
	}
	return Picture(s.Seed, s.Number, width)
}

// Picture draws the picture of a seed with a number in it, as a bare JPEG.
func Picture(seed uint64, number, width int) []byte {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture(seed, number, width), &jpeg.Options{Quality: jpegQuality}); err != nil {
		panic(err) // a small RGBA picture into memory
	}
	return out.Bytes()
}

// planPhoto lays out a JPEG file: EXIF, comment segments for padding, picture.
func planPhoto(s Shot, _ int64) *layout {
	frame := s.frame()
	const startOfImage = 2 // bytes
	head := append([]byte{0xff, 0xd8}, exifSegment(s)...)
	return &layout{head: head, tail: frame[startOfImage:], frame: frameComments}
}

// frameComments cuts the padding into JPEG comment segments. A segment is at
// most 2 bytes of marker and 65535 counted bytes long, and at least 4.
func frameComments(p []byte, off, total int64) {
	const longest, header = 65537, 4
	length := int64(longest)
	for r := total % length; r != 0 && r < header; r = total % length {
		length--
	}
	for start := off - off%length; start < off+int64(len(p)); start += length {
		counted := min(length, total-start) - 2
		marker := [header]byte{0xff, 0xfe, byte(counted >> 8), byte(counted)}
		for i, b := range marker {
			if at := start + int64(i) - off; at >= 0 && at < int64(len(p)) {
				p[at] = b
			}
		}
	}
}

// Kinds of TIFF values.
const (
	tiffByte     = 1
	tiffASCII    = 2
	tiffLong     = 4
	tiffRational = 5
)

type tiffEntry struct {
	tag, kind uint16
	count     uint32
	data      []byte
}

func tiffText(tag uint16, text string) tiffEntry {
	return tiffEntry{tag, tiffASCII, uint32(len(text) + 1), append([]byte(text), 0)}
}

func tiffNumber(tag uint16, n uint32) tiffEntry {
	return tiffEntry{tag, tiffLong, 1, binary.LittleEndian.AppendUint32(nil, n)}
}

// exifSegment returns the APP1 segment with make, model, capture time, size and
// place. The directories that others point to are written first.
func exifSegment(s Shot) []byte {
	tiff := []byte{'I', 'I', 42, 0, 0, 0, 0, 0}
	taken := s.Taken.UTC().Format("2006:01:02 15:04:05")
	tiff, exif := appendDirectory(tiff,
		tiffText(0x9003, taken), // DateTimeOriginal
		tiffText(0x9004, taken), // DateTimeDigitized
		tiffNumber(0xa002, uint32(s.Width)),
		tiffNumber(0xa003, uint32(s.Height)))
	main := []tiffEntry{
		tiffText(0x010f, "GoPro"),
		tiffText(0x0110, s.Camera),
		tiffNumber(0x8769, exif),
	}
	if s.Place != nil {
		var gps uint32
		tiff, gps = appendDirectory(tiff, placeEntries(*s.Place)...)
		main = append(main, tiffNumber(0x8825, gps))
	}
	tiff, first := appendDirectory(tiff, main...)
	binary.LittleEndian.PutUint32(tiff[4:], first)

	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(segment, body...)
}

// appendDirectory appends an image file directory, whose entries are sorted by
// tag, and returns its offset.
func appendDirectory(tiff []byte, entries ...tiffEntry) (out []byte, offset uint32) {
	if len(tiff)%2 == 1 {
		tiff = append(tiff, 0)
	}
	offset = uint32(len(tiff))
	valuesAt := offset + 2 + 12*uint32(len(entries)) + 4
	var values []byte
	tiff = binary.LittleEndian.AppendUint16(tiff, uint16(len(entries)))
	for _, e := range entries {
		tiff = binary.LittleEndian.AppendUint16(tiff, e.tag)
		tiff = binary.LittleEndian.AppendUint16(tiff, e.kind)
		tiff = binary.LittleEndian.AppendUint32(tiff, e.count)
		if len(e.data) <= 4 {
			tiff = append(tiff, append(e.data, 0, 0, 0, 0)[:4]...)
			continue
		}
		tiff = binary.LittleEndian.AppendUint32(tiff, valuesAt+uint32(len(values)))
		values = append(values, e.data...)
		if len(values)%2 == 1 {
			values = append(values, 0)
		}
	}
	tiff = append(tiff, 0, 0, 0, 0) // no next directory
	return append(tiff, values...), offset
}

func placeEntries(p Place) []tiffEntry {
	north, east := "N", "E"
	if p.Latitude < 0 {
		north = "S"
	}
	if p.Longitude < 0 {
		east = "W"
	}
	return []tiffEntry{
		{0x0000, tiffByte, 4, []byte{2, 3, 0, 0}}, // GPSVersionID
		tiffText(0x0001, north),
		{0x0002, tiffRational, 3, sexagesimal(p.Latitude)},
		tiffText(0x0003, east),
		{0x0004, tiffRational, 3, sexagesimal(p.Longitude)},
	}
}

// sexagesimal renders degrees, minutes and seconds, each as a fraction.
func sexagesimal(angle float64) []byte {
	seconds := uint32(math.Round(math.Abs(angle) * 3600 * 100)) // hundredths
	var out []byte
	for _, fraction := range [][2]uint32{
		{seconds / 360000, 1}, {seconds / 6000 % 60, 1}, {seconds % 6000, 100},
	} {
		out = binary.LittleEndian.AppendUint32(out, fraction[0])
		out = binary.LittleEndian.AppendUint32(out, fraction[1])
	}
	return out
}
