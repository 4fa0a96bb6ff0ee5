package folder

import (
	"encoding/binary"
	"io"
	"regexp"
	"strconv"
	"time"
)

// zonedFirmware is the first generation of GoPro firmware, that of the HERO12, whose
// cameras know their zone and may write UTC into the header of a film.
const zonedFirmware = 23

// firmwareVersion matches a version of GoPro firmware, such as H23.01.02.32.00.
var firmwareVersion = regexp.MustCompile(`^H([0-9]{2})\.`)

// knowsZone reports whether a version of firmware is of a camera that knows its zone.
func knowsZone(firmware string) bool {
	m := firmwareVersion.FindStringSubmatch(firmware)
	if m == nil {
		return false
	}
	generation, err := strconv.Atoi(m[1])
	return err == nil && generation >= zonedFirmware
}

// byTimecode returns the capture of a film whose header is in UTC by its time code,
// which begins with the local time of day, and false if the two are no zone apart.
func (f *movieFacts) byTimecode(r io.ReaderAt) (captured, bool) {
	if f.timecode == nil || !knowsZone(f.firmware) {
		return captured{}, false
	}
	local, ok := f.timecode.timeOfDay(r)
	if !ok {
		return captured{}, false
	}
	t := f.created
	utc := t.Sub(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC))
	offset, ok := zoneBetween(utc, local)
	if !ok || offset == 0 {
		return captured{}, false
	}
	return captured{at: t, zone: formatOffset(offset)}, true
}

const wholeDay = 24 * time.Hour

// zoneBetween returns the offset of the zone in which it is a local time of day when it
// is another one in UTC, and false if there is none. Where the dates may differ, so that
// two zones would do, it is the one with more inhabitants: 13 hours ahead, but not 14.
func zoneBetween(utc, local time.Duration) (offset time.Duration, ok bool) {
	const near, furthest = 2 * time.Minute, 13 * time.Hour
	offset, rest := zoneOffset((local - utc + wholeDay) % wholeDay)
	if offset > furthest && (isZone(offset-wholeDay) || offset == wholeDay) {
		offset -= wholeDay
	}
	return offset, rest <= near && isZone(offset)
}

// timeOfDay returns with which time of day the time code of a track begins.
func (t *track) timeOfDay(r io.ReaderAt) (time.Duration, bool) {
	var frames [4]byte
	if len(t.offsets) == 0 || t.frames == 0 {
		return 0, false
	}
	if _, err := r.ReadAt(frames[:], int64(t.offsets[0])); err != nil {
		return 0, false
	}
	at := time.Duration(binary.BigEndian.Uint32(frames[:])) * time.Second / time.Duration(t.frames)
	return at, at < wholeDay
}
