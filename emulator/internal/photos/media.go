package photos

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif"  // dimensions
	_ "image/jpeg" // dimensions
	_ "image/png"  // dimensions
	"math"
	"time"

	"github.com/abema/go-mp4"
	"github.com/gabriel-vasile/mimetype"
	"github.com/rwcarlsen/goexif/exif"

	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// mediaInfo is what Google Photos learns from the bytes of a file.
type mediaInfo struct {
	mime          string
	video         bool
	width, height int // pixels; 0: unknown
	taken         time.Time
	make, model   string

	fps                       float64 // video
	focal, aperture, exposure float64 // photo
	iso                       int
}

// accepted maps the types that Google Photos takes to whether they are videos.
// Names are not asked, only bytes.
var accepted = map[string]bool{
	"image/avif": false, "image/bmp": false, "image/gif": false, "image/heic": false, "image/heif": false,
	"image/heic-sequence": false, "image/heif-sequence": false, "image/x-icon": false, "image/jpeg": false,
	"image/png": false, "image/vnd.mozilla.apng": false, "image/tiff": false, "image/webp": false,
	"video/3gpp": true, "video/3gpp2": true, "video/x-ms-asf": true, "video/x-msvideo": true, "video/mp2t": true,
	"video/x-m4v": true, "video/x-matroska": true, "video/quicktime": true, "video/mp4": true, "video/mpeg": true,
	"video/webm": true,
}

// inspect reports whether the bytes are media that the service takes, and what
// they say about themselves.
func inspect(f upload.File) (info mediaInfo, ok bool) {
	kind := mimetype.Detect(f.Head).String()
	video, ok := accepted[kind]
	if !ok {
		return mediaInfo{}, false
	}
	info = mediaInfo{mime: kind, video: video}
	switch kind {
	case "video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2":
		guarded(func() { info.readMovie(f) })
	case "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", "image/avif":
		info.readExtents(f.Head)
		guarded(func() { info.readExif(exifWithin(f.Head)) })
	default:
		if c, _, err := image.DecodeConfig(bytes.NewReader(f.Head)); err == nil {
			info.width, info.height = c.Width, c.Height
		}
		guarded(func() { info.readExif(f.Head) })
	}
	return info, true
}

// guarded runs a parser of outside data that may panic on what is broken. What
// it had found by then stays.
func guarded(parse func()) {
	defer func() { _ = recover() }()
	parse()
}

func (m *mediaInfo) readExif(data []byte) {
	x, err := exif.Decode(bytes.NewReader(data))
	if x == nil || err != nil && exif.IsCriticalError(err) {
		return
	}
	if t, err := x.DateTime(); err == nil {
		m.taken = t.UTC()
	}
	m.make, m.model = exifText(x, exif.Make), exifText(x, exif.Model)
	m.focal, m.aperture = exifNumber(x, exif.FocalLength), exifNumber(x, exif.FNumber)
	m.exposure, m.iso = exifNumber(x, exif.ExposureTime), int(exifNumber(x, exif.ISOSpeedRatings))
}

func exifText(x *exif.Exif, name exif.FieldName) string {
	tag, err := x.Get(name)
	if err != nil {
		return ""
	}
	text, err := tag.StringVal()
	if err != nil {
		return ""
	}
	return string(bytes.Trim([]byte(text), "\x00 "))
}

func exifNumber(x *exif.Exif, name exif.FieldName) float64 {
	tag, err := x.Get(name)
	if err != nil {
		return 0
	}
	if n, d, err := tag.Rat2(0); err == nil && d != 0 {
		return math.Round(float64(n)/float64(d)*1e6) / 1e6
	}
	n, err := tag.Int(0)
	if err != nil {
		return 0
	}
	return float64(n)
}

// exifWithin finds the TIFF structure in the Exif item of a HEIF file.
func exifWithin(data []byte) []byte {
	marker := []byte("Exif\x00\x00")
	if i := bytes.Index(data, marker); i >= 0 {
		return data[i+len(marker):]
	}
	return nil
}

// readExtents takes the largest image of a HEIF file for its dimensions.
func (m *mediaInfo) readExtents(data []byte) {
	for {
		i := bytes.Index(data, []byte("ispe"))
		if i < 0 || len(data) < i+16 {
			return
		}
		w, h := int(binary.BigEndian.Uint32(data[i+8:])), int(binary.BigEndian.Uint32(data[i+12:]))
		if w > m.width && w < 1<<16 && h < 1<<16 {
			m.width, m.height = w, h
		}
		data = data[i+16:]
	}
}

// movieEpoch is where the clock of an ISO media file starts.
var movieEpoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)

func (m *mediaInfo) readMovie(f upload.File) {
	r := f.Reader()
	if boxes, err := mp4.ExtractBoxWithPayload(r, nil, mp4.BoxPath{mp4.BoxTypeMoov(), mp4.BoxTypeMvhd()}); err == nil && len(boxes) > 0 {
		if mvhd, ok := boxes[0].Payload.(*mp4.Mvhd); ok && mvhd.GetCreationTime() > 0 {
			m.taken = movieEpoch.Add(time.Duration(mvhd.GetCreationTime()) * time.Second)
		}
	}
	tracks, err := mp4.ExtractBox(r, nil, mp4.BoxPath{mp4.BoxTypeMoov(), mp4.BoxTypeTrak()})
	if err != nil {
		return
	}
	for _, t := range tracks {
		m.readTrack(f, t)
	}
}

// readTrack reads a picture track: the one whose header has dimensions.
func (m *mediaInfo) readTrack(f upload.File, track *mp4.BoxInfo) {
	boxes, err := mp4.ExtractBoxesWithPayload(f.Reader(), track, []mp4.BoxPath{
		{mp4.BoxTypeTkhd()},
		{mp4.BoxTypeMdia(), mp4.BoxTypeMdhd()},
		{mp4.BoxTypeMdia(), mp4.BoxTypeMinf(), mp4.BoxTypeStbl(), mp4.BoxTypeStts()},
	})
	if err != nil {
		return
	}
	var width, height int
	var timescale, duration, samples float64
	for _, b := range boxes {
		switch box := b.Payload.(type) {
		case *mp4.Tkhd:
			width, height = int(box.GetWidthInt()), int(box.GetHeightInt())
		case *mp4.Mdhd:
			timescale, duration = float64(box.Timescale), float64(box.GetDuration())
		case *mp4.Stts:
			for _, e := range box.Entries {
				samples += float64(e.SampleCount)
			}
		}
	}
	if width == 0 || m.width != 0 {
		return
	}
	m.width, m.height = width, height
	if duration > 0 && timescale > 0 {
		m.fps = math.Round(samples*timescale/duration*100) / 100
	}
}
