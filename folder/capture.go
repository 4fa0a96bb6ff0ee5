package folder

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// captured is what a file says of its capture.
type captured struct {
	at     time.Time // zero if it does not say
	zone   string    // that came with the time; "" if none did
	camera string
}

// capture finds out when a file was captured: what it says itself counts before its
// name. The caller falls back on the time of modification.
func capture(f io.ReaderAt, size int64, mime, name string, zone *time.Location) captured {
	var c captured
	switch {
	case isMovie(mime):
		c = movieCapture(io.NewSectionReader(f, 0, size), name, zone)
	case strings.HasPrefix(mime, "image/"):
		c = exifCapture(io.NewSectionReader(f, 0, size), mime, zone)
	}
	if c.at.IsZero() {
		c.at, c.zone = namedTime(name, zone), ""
	}
	return c
}

// factoryYears are years on whose first day a clock begins that was never set.
var factoryYears = map[int]bool{1904: true, 1970: true, 1980: true, 2000: true}

// sane reports whether a time can be that of a capture.
func sane(t time.Time) bool {
	const ahead = 48 * time.Hour
	switch {
	case t.Year() < 1826 || t.After(time.Now().Add(ahead)):
		return false
	case factoryYears[t.Year()] && t.YearDay() == 1:
		return false
	}
	return true
}

// nameTime matches a date and a time in a name, as cameras and phones write them:
// IMG_20260108_090000, PXL_20260108_090000123, 2026-01-08 09.00.00.
var nameTime = regexp.MustCompile(`(?:^|[^0-9])((?:19|20)[0-9]{2})[-_.]?([01][0-9])[-_.]?([0-3][0-9])[-_ T.]{1,3}([0-2][0-9])[-_.:h]?([0-5][0-9])[-_.:m]?([0-5][0-9])`)

// namedTime returns the time in a name, or the zero time.
func namedTime(name string, zone *time.Location) time.Time {
	m := nameTime.FindStringSubmatch(name)
	if m == nil {
		return time.Time{}
	}
	t, err := time.ParseInLocation("20060102150405", strings.Join(m[1:], ""), zone)
	if err != nil || !sane(t) {
		return time.Time{}
	}
	return t
}

// zoneOffset splits the lead of a local time over UTC into what may be the offset of its
// zone, and how far the clock is off.
func zoneOffset(ahead time.Duration) (offset, rest time.Duration) {
	offset = ahead.Round(15 * time.Minute)
	return offset, (ahead - offset).Abs()
}

// oddOffsets are the offsets of zones, in minutes, that are no whole hours.
var oddOffsets = []int{-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825}

// isZone reports whether some zone has an offset.
func isZone(offset time.Duration) bool {
	const west, east = -12 * time.Hour, 14 * time.Hour
	whole := offset%time.Hour == 0
	return west <= offset && offset <= east && (whole || slices.Contains(oddOffsets, int(offset/time.Minute)))
}

// formatOffset writes an offset as EXIF does: "+02:00".
func formatOffset(offset time.Duration) string {
	return time.Time{}.In(time.FixedZone("", int(offset/time.Second))).Format("-07:00")
}
