package folder

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/abema/go-mp4"
)

// isMovie reports whether files of a type consist of the boxes of MP4.
func isMovie(mime string) bool {
	switch mime {
	case "video/mp4", "video/quicktime", "video/3gpp", "video/3gpp2", "video/x-m4v":
		return true
	}
	return false
}

// movieFacts are what the boxes of a film say.
type movieFacts struct {
	created  time.Time // of the film's header, as if it were in UTC
	apple    string    // com.apple.quicktime.creationdate
	gopro    bool      // a box that GoPro cameras write is there
	firmware string    // its version, such as H23.01.02.32.00; "" if unknown

	track     *track // that is being read; nil outside of tracks
	telemetry *track // of a GoPro, or nil
	timecode  *track // or nil
}

// gopro are the names that GoPro cameras give.
var gopro = regexp.MustCompile(`(?i)^G(?:[HXSGLFBP][0-9A-Z]{2}|OPR|PFR|PBK)[0-9]{4}\.`)

// movieCapture reads what a film says of its capture. The header of a film counts in
// UTC, but that of a GoPro, which has the time of its clock there; the zone comes
// from its GPS or, of a camera that knows its zone, from the time code.
func movieCapture(r *io.SectionReader, name string, zone *time.Location) (c captured) {
	defer func() { _ = recover() }() // of a library that reads what anyone may have written
	var facts movieFacts
	_, _ = mp4.ReadBoxStructure(r, func(h *mp4.ReadHandle) (any, error) { return nil, facts.read(h) }) // what was read before an error counts
	if at, err := time.Parse("2006-01-02T15:04:05Z0700", facts.apple); err == nil && sane(at) {
		return captured{at: at, zone: at.Format("-07:00")}
	}
	if facts.telemetry != nil {
		if began := facts.telemetry.began(r); !began.IsZero() {
			return facts.byGPS(began)
		}
	}
	if !sane(facts.created) {
		return c
	}
	if !facts.gopro && !gopro.MatchString(name) {
		return captured{at: facts.created}
	}
	if c, ok := facts.byTimecode(r); ok {
		return c
	}
	t := facts.created
	return captured{at: time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)}
}

// byGPS returns the capture of a film that began at a time by its GPS. The clock of the
// camera gives the zone if it is right but for the offset of one.
func (f *movieFacts) byGPS(began time.Time) captured {
	const near = 2 * time.Minute
	offset, rest := zoneOffset(f.created.Sub(began))
	if rest > near || !isZone(offset) {
		return captured{at: began}
	}
	return captured{at: f.created.Add(-offset), zone: formatOffset(offset)}
}

// errEnough ends the reading of a film.
var errEnough = errors.New("enough")

func (f *movieFacts) read(h *mp4.ReadHandle) error {
	if f.track != nil {
		return f.track.read(h)
	}
	switch h.BoxInfo.Type.String() {
	case "moov":
		if _, err := h.Expand(); err != nil {
			return err
		}
		return errEnough
	case "trak":
		return f.readTrack(h)
	case "udta":
		_, err := h.Expand()
		return err
	case "GPMF":
		f.gopro = true
	case "FIRM":
		f.gopro = true
		return f.readFirmware(h)
	case "mvhd":
		box, _, err := h.ReadPayload()
		if err != nil {
			return err
		}
		if header, ok := box.(*mp4.Mvhd); ok {
			f.created = macTime(header.GetCreationTime())
		}
	case "meta":
		return f.meta(h)
	}
	return nil
}

func (f *movieFacts) readTrack(h *mp4.ReadHandle) error {
	f.track = new(track)
	_, err := h.Expand()
	switch f.track.format {
	case telemetryFormat:
		f.telemetry = f.track
	case timecodeFormat:
		f.timecode = f.track
	}
	f.track = nil
	return err
}

func (f *movieFacts) readFirmware(h *mp4.ReadHandle) error {
	const most = 256
	if h.BoxInfo.Size > most {
		return nil
	}
	var data bytes.Buffer
	_, err := h.ReadData(&data)
	f.firmware = strings.TrimRight(data.String(), "\x00")
	return err
}

// macTime returns the time of so many seconds since 1904. Some programs count from
// 1970, which would be before films.
func macTime(seconds uint64) time.Time {
	const between = 2082844800 // seconds from 1904 to 1970
	if seconds == 0 {
		return time.Time{}
	}
	if seconds < between {
		return time.Unix(int64(seconds), 0).UTC()
	}
	return time.Unix(int64(seconds)-between, 0).UTC()
}

// mostMeta bounds the box of metadata, in bytes.
const mostMeta = 1 << 20

// meta looks for Apple's time in a box of metadata.
func (f *movieFacts) meta(h *mp4.ReadHandle) error {
	if h.BoxInfo.Size > mostMeta {
		return nil
	}
	var data bytes.Buffer
	if _, err := h.ReadData(&data); err != nil {
		return err
	}
	boxes := data.Bytes()
	if len(boxes) > 8 && string(boxes[4:8]) != "hdlr" { // MP4 has version and flags here, QuickTime has not
		boxes = boxes[4:]
	}
	const key = "com.apple.quicktime.creationdate"
	index := keyIndex(childOf(boxes, "keys"), key)
	if index == 0 {
		return nil
	}
	var name [4]byte
	binary.BigEndian.PutUint32(name[:], index)
	value := childOf(childOf(childOf(boxes, "ilst"), string(name[:])), "data")
	const header = 8 // type and locale
	if len(value) > header {
		f.apple = string(value[header:])
	}
	return nil
}

// childOf returns the payload of the first box of a type among boxes, or nil.
func childOf(boxes []byte, kind string) []byte {
	const header = 8
	for len(boxes) >= header {
		size := uint64(binary.BigEndian.Uint32(boxes))
		if size < header || size > uint64(len(boxes)) {
			return nil
		}
		if string(boxes[4:header]) == kind {
			return boxes[header:size]
		}
		boxes = boxes[size:]
	}
	return nil
}

// keyIndex returns the number of a key in a keys box, from 1; 0 if it is not there.
func keyIndex(keys []byte, name string) uint32 {
	const head, header = 8, 8 // version, flags and count; size and namespace
	if len(keys) < head {
		return 0
	}
	keys = keys[head:]
	for index := uint32(1); len(keys) >= header; index++ {
		size := uint64(binary.BigEndian.Uint32(keys))
		if size < header || size > uint64(len(keys)) {
			return 0
		}
		if string(keys[header:size]) == name {
			return index
		}
		keys = keys[size:]
	}
	return 0
}
