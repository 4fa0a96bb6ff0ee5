package folder

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// formats are the formats whose EXIF is read, by MIME type.
var formats = map[string]imagemeta.ImageFormat{
	"image/jpeg": imagemeta.JPEG, "image/tiff": imagemeta.TIFF, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP,
	"image/heic": imagemeta.HEIF, "image/heif": imagemeta.HEIF, "image/avif": imagemeta.AVIF,
	"image/x-adobe-dng": imagemeta.DNG, "image/x-gopro-gpr": imagemeta.DNG,
	"image/x-canon-cr2": imagemeta.TIFF, "image/x-nikon-nef": imagemeta.TIFF, "image/x-sony-arw": imagemeta.TIFF,
}

// exifTimes are the tags of capture times, the best first, each with those of its
// fraction and its offset. OffsetTime belongs to ModifyDate alone.
var exifTimes = []struct{ time, fraction, offset string }{
	{"DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal"},
	{"CreateDate", "SubSecTimeDigitized", "OffsetTimeDigitized"},
	{"ModifyDate", "SubSecTime", "OffsetTime"},
}

// exifWanted are the tags that are read.
var exifWanted = func() map[string]bool {
	wanted := map[string]bool{"Model": true, "GPSDateStamp": true, "GPSTimeStamp": true}
	for _, t := range exifTimes {
		wanted[t.time], wanted[t.fraction], wanted[t.offset] = true, true, true
	}
	return wanted
}()

// longestRead bounds the time that a file with EXIF may take: it may be crafted.
const longestRead = 10 * time.Second

// exifCapture reads what a picture says of its capture. A picture that cannot be
// read says nothing.
func exifCapture(r io.ReadSeeker, mime string, zone *time.Location) (c captured) {
	format, ok := formats[mime]
	if !ok {
		return c
	}
	tags := map[string]string{}
	defer func() { _ = recover() }() // of a library that reads what anyone may have written
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: r, ImageFormat: format, Sources: imagemeta.EXIF, Timeout: longestRead,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return exifWanted[tag.Tag] },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if text := strings.Trim(fmt.Sprint(tag.Value), " \x00"); tags[tag.Tag] == "" {
				tags[tag.Tag] = text
			}
			c = exifFacts(tags, zone)
			return nil
		},
	})
	return c
}

// exifFacts returns what tags say.
func exifFacts(tags map[string]string, zone *time.Location) captured {
	c := captured{camera: tags["Model"]}
	for _, names := range exifTimes {
		own := tags[names.offset]
		if _, err := time.Parse("-07:00", own); err != nil && names.time != "ModifyDate" {
			own = offsetByGPS(tags[names.time], tags["GPSDateStamp"]+" "+tags["GPSTimeStamp"])
		}
		at, offset := exifTime(tags[names.time], tags[names.fraction], own, zone)
		if !at.IsZero() {
			c.at, c.zone = at, offset
			break
		}
	}
	return c
}

// offsetByGPS returns the offset by which a local time of EXIF is ahead of the UTC of
// the GPS, or "" if that is no offset of a zone: the fix may be hours old.
func offsetByGPS(local, gps string) string {
	at, _ := exifTime(local, "", "", time.UTC)
	utc, _ := exifTime(gps, "", "", time.UTC)
	const near = 30 * time.Second
	offset, rest := zoneOffset(at.Sub(utc))
	if at.IsZero() || utc.IsZero() || rest > near || !isZone(offset) {
		return ""
	}
	return formatOffset(offset)
}

// exifTime parses a time of EXIF, with its fraction and its offset, which may be "".
func exifTime(text, fraction, offset string, zone *time.Location) (time.Time, string) {
	const layout = "2006:01:02 15:04:05"
	if len(text) < len(layout) {
		return time.Time{}, ""
	}
	date, clock := strings.NewReplacer("-", ":", "/", ":").Replace(text[:10]), text[10:len(layout)]
	if at, err := time.Parse("-07:00", offset); err == nil {
		zone = at.Location()
	} else {
		offset = ""
	}
	at, err := time.ParseInLocation(layout, date+clock, zone)
	if err != nil || !sane(at) {
		return time.Time{}, ""
	}
	if part, err := time.ParseDuration("0." + fraction + "s"); err == nil && fraction != "" {
		at = at.Add(part)
	}
	return at, offset
}
