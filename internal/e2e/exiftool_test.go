package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// zones are machines' zones; the results must not depend on them.
var zones = []string{"UTC", "America/New_York", "Pacific/Auckland"}

// givenZone is the zone that commands are given. Its clocks change.
const givenZone = "Europe/Berlin"

func needExiftool(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Skip("exiftool, which tells what a file says of its capture, is not installed")
	}
}

func exiftool(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "exiftool", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("exiftool %q: %v: %s", args, err, &stderr)
	}
	return out
}

// dates are what exiftool reads of the dates in a file, by group and tag.
type dates map[string]any

// readDates reads the dates of all files below a directory, by relative path.
func readDates(t *testing.T, dir string, more ...string) map[string]dates {
	t.Helper()
	var all []dates
	if err := json.Unmarshal(exiftool(t, append(more, "-j", "-G1", "-time:all", "-r", dir)...), &all); err != nil {
		t.Fatal(err)
	}
	by := map[string]dates{}
	for _, d := range all {
		path, err := filepath.Rel(dir, d["SourceFile"].(string))
		if err != nil {
			t.Fatal(err)
		}
		by[filepath.ToSlash(path)] = d
	}
	return by
}

// capture returns the capture time by the tags that exiftool shows, in the order
// that docs/folders.md states; the zero time if there is none.
func (d dates) capture(zone *time.Location, gopro bool) time.Time {
	for _, tag := range []string{
		"Composite:SubSecDateTimeOriginal", "ExifIFD:DateTimeOriginal", "Composite:SubSecCreateDate", "ExifIFD:CreateDate",
		"Composite:SubSecModifyDate", "IFD0:ModifyDate", "Keys:CreationDate", "QuickTime:CreateDate",
	} {
		in := zone
		if tag == "QuickTime:CreateDate" && !gopro {
			in = time.UTC
		}
		text, _ := d[tag].(string)
		if gps, _ := d["Composite:GPSDateTime"].(string); gps != "" && tag == "ExifIFD:DateTimeOriginal" {
			in = zoneByGPS(text, gps, zone)
		}
		for _, layout := range []string{"2006:01:02 15:04:05.999-07:00", "2006:01:02 15:04:05.999"} {
			if at, err := time.ParseInLocation(layout, text, in); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// zoneByGPS returns the zone in which a local time is that of the GPS, or the given one
// if it is in none by seconds.
func zoneByGPS(local, gps string, given *time.Location) *time.Location {
	at, err := time.Parse("2006:01:02 15:04:05", local)
	utc, err2 := time.Parse("2006:01:02 15:04:05Z", gps)
	ahead := at.Sub(utc)
	if hours := ahead.Round(time.Hour); err == nil && err2 == nil && (ahead-hours).Abs() < 30*time.Second {
		return time.FixedZone("", int(hours/time.Second))
	}
	return given
}

// box returns an MP4 box.
func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

const since1904 = 2082844800 // seconds to 1970

// mvhd returns a film's header of a version that was created at a time.
func mvhd(version byte, seconds uint64) []byte {
	body := make([]byte, 100)
	binary.BigEndian.PutUint32(body[4:], uint32(seconds))
	binary.BigEndian.PutUint32(body[12:], 1000)
	if version == 1 {
		body = make([]byte, 112)
		binary.BigEndian.PutUint64(body[4:], seconds)
		binary.BigEndian.PutUint32(body[20:], 1000)
	}
	body[0] = version
	return box("mvhd", body)
}

// creationDate returns Apple's metadata with a date.
func creationDate(date string) []byte {
	const key = "com.apple.quicktime.creationdate"
	handler := append(append(make([]byte, 8), "mdta"...), make([]byte, 13)...)
	named := append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(key))), "mdta"...), key...)
	return box("meta", box("hdlr", handler), box("keys", []byte{0, 0, 0, 0, 0, 0, 0, 1}, named),
		box("ilst", box("\x00\x00\x00\x01", box("data", []byte{0, 0, 0, 1, 0, 0, 0, 0}, []byte(date)))))
}

// films writes films by hand.
func films() map[string][]byte {
	at := uint64(time.Date(2025, 7, 1, 10, 30, 45, 0, time.UTC).Unix() + since1904)
	ftyp := box("ftyp", []byte("mp42\x00\x00\x00\x00mp42"))
	mdat := box("mdat", make([]byte, 5000))
	film := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{ftyp}, parts...), nil) }
	return map[string][]byte{
		"utc.mp4":           film(box("moov", mvhd(0, at)), mdat),
		"version1.mp4":      film(box("moov", mvhd(1, at)), mdat),
		"at the end.mp4":    film(mdat, box("moov", mvhd(0, at))),
		"no time.mp4":       film(box("moov", mvhd(0, 0)), mdat),
		"unix epoch.mp4":    film(box("moov", mvhd(0, at-since1904)), mdat),
		"apple.mov":         film(box("moov", mvhd(0, at), creationDate("2025-07-01T13:30:45+0300")), mdat),
		"GX010042.MP4":      film(mdat, box("moov", mvhd(0, at))),
		"gopro winter.mp4":  film(mdat, box("moov", mvhd(0, at+182*86400), box("udta", box("FIRM", []byte("H22.01.02.32.00"))))),
		"cut.mp4":           film(mdat, box("moov", mvhd(0, at))[:40]),
		"without moov.mp4":  film(mdat),
		"cut in a box.mp4":  film(mdat)[:2000],
		"GX020042 copy.MP4": film(box("moov", mvhd(0, at), box("udta", box("FIRM", []byte("H22.01.02.32.00")))), mdat),
	}
}

// photos are the tags of photos that exiftool writes.
var photos = map[string][]string{
	"local.jpg":     {"-DateTimeOriginal=2025:07:01 12:30:45"},
	"winter.jpg":    {"-DateTimeOriginal=2025:12:31 23:59:59"},
	"offset.jpg":    {"-DateTimeOriginal=2025:07:01 12:30:45", "-OffsetTimeOriginal=+05:30"},
	"modify.jpg":    {"-DateTimeOriginal=2025:07:01 12:30:45", "-ModifyDate=2025:08:01 00:00:00", "-OffsetTime=+09:00"},
	"subsec.jpg":    {"-DateTimeOriginal=2025:07:01 12:30:45", "-SubSecTimeOriginal=25", "-OffsetTimeOriginal=-03:00"},
	"digitized.jpg": {"-CreateDate=2025:07:01 12:30:45", "-OffsetTimeDigitized=+02:00"},
	"edited.jpg":    {"-ModifyDate=2025:07:01 12:30:45", "-OffsetTime=-08:00"},
	"first.jpg":     {"-DateTimeOriginal=2025:10:26 01:59:59"}, // the clocks go back an hour later
	"second.jpg":    {"-DateTimeOriginal=2025:10:26 03:00:00"},
	"gps.jpg":       {"-DateTimeOriginal=2025:07:01 12:30:45", "-GPSDateStamp=2025:07:01", "-GPSTimeStamp=19:30:40"},
	"old fix.jpg":   {"-DateTimeOriginal=2025:07:01 12:30:45", "-GPSDateStamp=2025:07:01", "-GPSTimeStamp=19:22:40"},
	"none.jpg":      nil,
}

// lastTouched is the time of modification of files made by hand.
var lastTouched = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// makeFiles fills a directory with photos and films.
func makeFiles(t *testing.T, dir string) {
	t.Helper()
	content := films()
	for name := range photos {
		picture := emulator.NewPhoto(emulator.Shot{Seed: uint64(len(content)), Camera: "HERO11 Black"}, 20_000)
		data, err := io.ReadAll(io.NewSectionReader(picture, 0, picture.Size()))
		if err != nil {
			t.Fatal(err)
		}
		content[name] = data
	}
	for name, data := range content {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if tags, isPhoto := photos[name]; isPhoto {
			exiftool(t, append(append([]string{"-q", "-overwrite_original", "-all="}, tags...), path)...)
		}
		if err := os.Chtimes(path, lastTouched, lastTouched); err != nil {
			t.Fatal(err)
		}
	}
}

// listed returns the capture times that a listing shows, by name.
func (l *line) listed(zone, dir string) map[string]time.Time {
	l.T.Helper()
	l.Env = append(l.Env, "TZ="+zone)
	found := map[string]time.Time{}
	for row := range strings.Lines(l.Want(0, "ls", dir, "--json", "--time-zone", givenZone).Stdout) {
		var item struct {
			Type, Name string
			CapturedAt time.Time `json:"captured_at"`
		}
		if err := json.Unmarshal([]byte(row), &item); err != nil {
			l.T.Fatalf("line %q: %v", row, err)
		}
		if item.Type == "item" {
			found[item.Name] = item.CapturedAt
		}
	}
	return found
}

// TestExiftoolAgreesWithListing: what a listing says of captures is what exiftool
// reads in the files, on machines in any zone.
func TestExiftoolAgreesWithListing(t *testing.T) {
	t.Parallel()
	needExiftool(t)
	l := newLine(t, emulator.Options{})
	dir := filepath.Join(l.Home, "card")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	makeFiles(t, dir)
	berlin, err := time.LoadLocation(givenZone)
	if err != nil {
		t.Fatal(err)
	}
	read := readDates(t, dir)
	if len(read) != len(photos)+len(films()) {
		t.Fatalf("exiftool reads %d files, want %d", len(read), len(photos)+len(films()))
	}
	for _, zone := range zones {
		got := l.listed(zone, dir)
		for name, d := range read {
			want := d.capture(berlin, strings.HasPrefix(strings.ToUpper(name), "G"))
			if want.IsZero() {
				want = lastTouched
			}
			if !got[name].Equal(want) {
				t.Errorf("TZ=%s: %s is of %v, exiftool says %v of %v", zone, name, got[name], want.UTC(), d)
			}
		}
	}
}

// manifestLine is what the tests read of a line of a folder's manifest.
type manifestLine struct {
	Path     string
	Captured time.Time
	ModTime  time.Time `json:"mtime"`
}

func (l *line) manifest(dir string) map[string]manifestLine {
	l.T.Helper()
	data, err := os.ReadFile(filepath.Join(dir, ".gondola", "manifest.jsonl"))
	if err != nil {
		l.T.Fatal(err)
	}
	lines := map[string]manifestLine{}
	for row := range strings.Lines(string(data)) {
		var m manifestLine
		if err := json.Unmarshal([]byte(row), &m); err != nil {
			l.T.Fatal(err)
		}
		lines[m.Path] = m
	}
	return lines
}

// aroundTheClock is a library of captures around changes of clocks, days and years
// in the given zone.
func aroundTheClock() emulator.Library {
	library := emulator.Demo()
	for i, text := range []string{
		"2025-10-25T23:30:00Z", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", // 02:30 comes twice
		"2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z", // 02:30 never comes
		"2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z", "2025-06-30T21:59:59Z", "2025-06-30T22:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err) // a literal above
		}
		name := fmt.Sprintf("GOPR%04d.JPG", 9000+i)
		library = append(library, emulator.Medium{
			ID: fmt.Sprintf("clock%08d", i), Type: "Photo", Filename: &name, Extension: "jpg", Captured: at, Created: at.Add(time.Hour), Camera: "HERO11 Black",
			Sources: []emulator.Object{{Name: name, Content: emulator.NewPhoto(emulator.Shot{Seed: uint64(i), Taken: at, Camera: "HERO11 Black"}, 20_000)}},
		})
	}
	return library
}

// TestExiftoolAgreesWithFolder: the time in the manifest, the time of modification
// and what exiftool reads in the sidecar are one instant; machines in any zone write
// the same bytes under the same names.
func TestExiftoolAgreesWithFolder(t *testing.T) {
	t.Parallel()
	needExiftool(t)
	l := newLine(t, emulator.Options{Library: aroundTheClock()})
	var first map[string]manifestLine
	for i, zone := range zones {
		l.Env = append(l.Env, "TZ="+zone, fmt.Sprintf("GONDOLA_STATE=jsondir:%s-%d", l.StateDir(), i))
		dir := filepath.Join(l.Home, "in "+strings.ReplaceAll(zone, "/", " "))
		l.Gondola("sync", "gopro:", dir, "--sidecar", "xmp", "--time-zone", givenZone)
		lines := l.manifest(dir)
		if len(lines) < 30 {
			t.Fatalf("%d files were carried", len(lines))
		}
		wantSidecars(t, dir, lines)
		if first == nil {
			first = lines
		}
		if !maps.EqualFunc(lines, first, func(a, b manifestLine) bool { return a.Captured.Equal(b.Captured) && a.ModTime.Equal(b.ModTime) }) {
			t.Errorf("TZ=%s: the manifest is %v, want %v", zone, lines, first)
		}
		l.Want(0, "verify", dir)
	}
	wantLaidOut(t, first)
}

// wantSidecars fails unless exiftool finds each sidecar valid, and of the instant of
// its file.
func wantSidecars(t *testing.T, dir string, lines map[string]manifestLine) {
	t.Helper()
	read := readDates(t, dir, "-ext", "xmp", "-validate", "-warning")
	for path, m := range lines {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(m.Captured) || !m.ModTime.Equal(m.Captured) {
			t.Errorf("%s was captured at %v, has the time %v, and %v in the manifest", path, m.Captured, info.ModTime().UTC(), m.ModTime)
		}
		d := read[path+".xmp"]
		text, _ := d["XMP-exif:DateTimeOriginal"].(string)
		at, err := time.Parse("2006:01:02 15:04:05.999-07:00", text)
		if err != nil || !at.Equal(m.Captured) || d["XMP-photoshop:DateCreated"] != text {
			t.Errorf("exiftool reads %v in the sidecar of %s, want %v", d, path, m.Captured)
		}
		if valid, _ := d["ExifTool:Validate"].(string); valid != "" && !strings.HasPrefix(valid, "OK") || d["ExifTool:Warning"] != nil {
			t.Errorf("exiftool says of the sidecar of %s: %v", path, d)
		}
	}
}

// wantLaidOut fails unless directories follow the given zone.
func wantLaidOut(t *testing.T, lines map[string]manifestLine) {
	t.Helper()
	for n, dir := range map[int]string{5: "2025/12", 6: "2026/01", 7: "2025/06", 8: "2025/07"} {
		if path := fmt.Sprintf("%s/GOPR%04d.JPG", dir, 9000+n); lines[path].Path == "" {
			t.Errorf("nothing lies at %s", path)
		}
	}
}
