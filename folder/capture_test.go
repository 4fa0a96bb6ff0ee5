package folder

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator/sample"
	"github.com/gondola-sync/gondola/media"
)

// east is a zone that no machine of the tests is in.
var east = time.FixedZone("+09:30", 9*60*60+30*60)

func TestExifTime(t *testing.T) {
	want := time.Date(2026, 1, 8, 9, 0, 0, 0, east)
	for _, tc := range []struct {
		text, fraction, offset string
		want                   time.Time
		zone                   string
	}{
		{"2026:01:08 09:00:00", "", "", want, ""},
		{"2026:01:08 09:00:00", "", "+02:00", time.Date(2026, 1, 8, 7, 0, 0, 0, time.UTC), "+02:00"},
		{"2026-01-08 09:00:00", "25", "   ", want.Add(250 * time.Millisecond), ""},
		{"2026/01/08 09:00:00", "x", "", want, ""},
		{"0000:00:00 00:00:00", "", "", time.Time{}, ""},
		{"    :  :     :  :  ", "", "", time.Time{}, ""},
		{"2026:13:08 09:00:00", "", "", time.Time{}, ""},
		{"1970:01:01 00:00:00", "", "", time.Time{}, ""},
		{"2999:01:01 00:00:00", "", "", time.Time{}, ""},
		{"2026:01:08", "", "", time.Time{}, ""},
	} {
		if got, zone := exifTime(tc.text, tc.fraction, tc.offset, east); !got.Equal(tc.want) || zone != tc.zone {
			t.Errorf("%q %q %q: %v %q, want %v %q", tc.text, tc.fraction, tc.offset, got, zone, tc.want, tc.zone)
		}
	}
}

// TestExifOrder: OffsetTime belongs to ModifyDate, and the time of the capture counts
// before that of an edit.
func TestExifOrder(t *testing.T) {
	tags := map[string]string{"DateTimeOriginal": "2026:01:08 09:00:00", "ModifyDate": "2026:02:01 00:00:00", "OffsetTime": "+02:00", "Model": "HERO12 Black"}
	if c := exifFacts(tags, east); !c.at.Equal(time.Date(2026, 1, 8, 9, 0, 0, 0, east)) || c.zone != "" || c.camera != "HERO12 Black" {
		t.Errorf("%+v", c)
	}
	delete(tags, "DateTimeOriginal")
	if c := exifFacts(tags, east); !c.at.Equal(time.Date(2026, 1, 31, 22, 0, 0, 0, time.UTC)) || c.zone != "+02:00" {
		t.Errorf("without a time of the capture: %+v", c)
	}
}

// TestZoneByGPS: a local time has the zone by which it is ahead of the GPS, unless the fix
// is old.
func TestZoneByGPS(t *testing.T) {
	for gps, want := range map[string]string{
		"2026:01:08 07:00:00": "+02:00", "2026:01:08 03:29:40": "+05:30", "2026:01:08 18:00:05": "-09:00", "2026:01:08 09:00:00": "+00:00",
		"2026:01:08 06:50:00": "", "2026:01:08 07:15:00": "", "2026:01:07 07:00:00": "", "2026:01:08 07:01:00": "", " ": "", "2026:01:08 ": "",
	} {
		date, clock, _ := strings.Cut(gps, " ")
		tags := map[string]string{"DateTimeOriginal": "2026:01:08 09:00:00", "GPSDateStamp": date, "GPSTimeStamp": clock}
		c := exifFacts(tags, east)
		at, err := time.Parse("2006:01:02 15:04:05-07:00", tags["DateTimeOriginal"]+cmp.Or(want, "+09:30"))
		if err != nil || c.zone != want || !c.at.Equal(at) {
			t.Errorf("GPS %q: %v %q, want %v %q", gps, c.at, c.zone, at, want)
		}
		tags["OffsetTimeOriginal"] = "-03:00"
		if c := exifFacts(tags, east); c.zone != "-03:00" {
			t.Errorf("GPS %q beside an offset: %q", gps, c.zone)
		}
	}
}

func TestNamedTime(t *testing.T) {
	want := time.Date(2026, 1, 8, 9, 1, 2, 0, east)
	for name, dated := range map[string]bool{
		"IMG_20260108_090102.jpg": true, "PXL_20260108_090102123.MP.jpg": true, "2026-01-08 09.01.02.mp4": true,
		"VID-20260108-090102.mp4": true, "Screenshot_2026-01-08-09-01-02.png": true,
		"GX010042.MP4": false, "IMG_20261308_090102.jpg": false, "120260108_090102.jpg": false, "20260108.jpg": false,
	} {
		if got := namedTime(name, east); dated != got.Equal(want) || !dated && !got.IsZero() {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// movieBox returns a box.
func movieBox(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// mvhd returns the header of a film that was created at a time.
func mvhd(seconds uint32) []byte {
	body := make([]byte, 100)
	binary.BigEndian.PutUint32(body[4:], seconds)
	return movieBox("mvhd", body)
}

// apple returns metadata with a creation date.
func apple(date string) []byte {
	const key = "com.apple.quicktime.creationdate"
	other := append(append(binary.BigEndian.AppendUint32(nil, 8+5), "mdta"...), "other"...)
	named := append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(key))), "mdta"...), key...)
	return movieBox("meta", movieBox("hdlr", make([]byte, 25)),
		movieBox("keys", make([]byte, 4), []byte{0, 0, 0, 2}, other, named),
		movieBox("ilst", movieBox("\x00\x00\x00\x02", movieBox("data", []byte{0, 0, 0, 1, 0, 0, 0, 0}, []byte(date)))))
}

func TestMovies(t *testing.T) {
	const since1904 = 2082844800
	nine := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	header := mvhd(uint32(nine.Unix() + since1904))
	ftyp := movieBox("ftyp", []byte("mp42\x00\x00\x00\x00mp42"))
	mdat := movieBox("mdat", make([]byte, 1000))
	for name, tc := range map[string]struct {
		file []byte
		as   string
		want time.Time
		zone string
	}{
		"in UTC":            {bytes.Join([][]byte{ftyp, movieBox("moov", header), mdat}, nil), "clip.mp4", nine, ""},
		"at the end":        {bytes.Join([][]byte{ftyp, mdat, movieBox("moov", header)}, nil), "clip.mp4", nine, ""},
		"a GoPro by name":   {bytes.Join([][]byte{ftyp, movieBox("moov", header)}, nil), "GX010042.MP4", time.Date(2026, 1, 8, 9, 0, 0, 0, east), ""},
		"a GoPro by itself": {bytes.Join([][]byte{ftyp, movieBox("moov", header, movieBox("udta", movieBox("FIRM", []byte("H22.01"))))}, nil), "clip.mp4", time.Date(2026, 1, 8, 9, 0, 0, 0, east), ""},
		"Apple":             {bytes.Join([][]byte{ftyp, movieBox("moov", header, apple("2026-01-08T10:30:00+0130"))}, nil), "clip.mov", nine, "+01:30"},
		"since 1970":        {bytes.Join([][]byte{ftyp, movieBox("moov", mvhd(uint32(nine.Unix())))}, nil), "clip.mp4", nine, ""},
		"no time":           {bytes.Join([][]byte{ftyp, movieBox("moov", mvhd(0))}, nil), "clip.mp4", time.Time{}, ""},
		"cut short":         {bytes.Join([][]byte{ftyp, movieBox("moov", header)[:30]}, nil), "clip.mp4", time.Time{}, ""},
		"by its name":       {bytes.Join([][]byte{ftyp, mdat}, nil), "VID_20260108_183000.mp4", nine, ""},
	} {
		c := capture(bytes.NewReader(tc.file), int64(len(tc.file)), "video/mp4", tc.as, east)
		if !c.at.Equal(tc.want) || c.zone != tc.zone {
			t.Errorf("%s: %v %q, want %v %q", name, c.at, c.zone, tc.want, tc.zone)
		}
	}
}

// FuzzCapture reads what nobody has written.
func FuzzCapture(f *testing.F) {
	f.Add(bytes.Join([][]byte{movieBox("moov", mvhd(5), apple("x"))}, nil), true)
	for _, film := range filmsWithGPS() {
		f.Add(film.film, true)
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*"), false)
	f.Fuzz(func(t *testing.T, data []byte, film bool) {
		mime := "image/jpeg"
		if film {
			mime = "video/mp4"
		}
		if c := capture(bytes.NewReader(data), int64(len(data)), mime, "x", time.UTC); !c.at.IsZero() && !sane(c.at) {
			t.Errorf("%v", c.at)
		}
	})
}

// TestList looks at what is listed of a directory, and at what is left out.
func TestList(t *testing.T) {
	dir := t.TempDir()
	taken := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	picture := sample.NewPhoto(sample.Shot{Seed: 1, Taken: taken, Camera: "HERO12 Black", Width: 4000, Height: 3000}, 100_000)
	data, err := io.ReadAll(io.NewSectionReader(picture, 0, picture.Size()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"trip/day 1/a.jpg", "b.png", "noext", // by content all are JPEG
		".hidden.jpg", "._a.jpg", ".gondola/x.jpg", "@eaDir/a.jpg", "Thumbs.db", "a.LRV", "a.THM", "a.jpg.xmp", "a.jpg.part",
	} {
		put(t, dir, name, data, day)
	}
	put(t, dir, "notes.txt", []byte("nothing to see"), day)
	outside := t.TempDir()
	put(t, outside, "secret.jpg", data, day)
	for name, to := range map[string]string{"inside.jpg": "trip/day 1/a.jpg", "outside.jpg": outside + "/secret.jpg", "up.jpg": "../" + filepath.Base(outside) + "/secret.jpg", "loop": "."} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	got := map[string]media.Item{}
	for item, err := range openSource(t, dir).List(t.Context(), media.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		got[item.ID.Medium] = item
	}
	for _, path := range []string{"trip/day 1/a.jpg", "b.png", "noext", "inside.jpg"} {
		item, ok := got[path]
		if !ok || item.MIME != "image/jpeg" || item.Kind != media.Photo || !item.CapturedAt.Equal(taken) || item.Camera != "HERO12 Black" {
			t.Errorf("%s: %+v", path, item)
		}
		delete(got, path)
	}
	for path := range got {
		t.Errorf("%s is listed", path)
	}
	if dir := (openSource(t, dir)); dir.Requests()[kindRead] != 0 {
		t.Error("opening reads")
	}
}
