package folder

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// gpmf returns an element of GPMF.
func gpmf(key string, kind byte, size int, value []byte) []byte {
	out := append([]byte(key), kind, byte(size))
	out = binary.BigEndian.AppendUint16(out, uint16(len(value)/size))
	return append(append(out, value...), make([]byte, (4-len(value)%4)%4)...)
}

// gps5 is a sample of a GPS5 stream.
func gps5(at time.Time, fix uint32, dilution uint16) []byte {
	return gpmf("DEVC", 0, 1, bytes.Join([][]byte{
		gpmf("DVNM", 'c', 1, []byte("HERO9 Black")),
		gpmf("STRM", 0, 1, gpmf("ACCL", 's', 6, make([]byte, 6*7))),
		gpmf("STRM", 0, 1, bytes.Join([][]byte{
			gpmf("GPSF", 'L', 4, binary.BigEndian.AppendUint32(nil, fix)),
			gpmf("GPSU", 'U', 16, []byte(at.UTC().Format(gpsuLayout))),
			gpmf("GPSP", 'S', 2, binary.BigEndian.AppendUint16(nil, dilution)),
			gpmf("SCAL", 'l', 4, bytes.Repeat([]byte{0, 0, 0, 100}, 5)),
			gpmf("GPS5", 'l', 20, make([]byte, 20)),
		}, nil)),
	}, nil))
}

// gps9Sample is a sample of a GPS9 stream.
func gps9Sample(at time.Time, fix, dilution uint16) []byte {
	day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	days := int(at.Sub(day) / (24 * time.Hour))
	element := make([]byte, gps9Size)
	binary.BigEndian.PutUint32(element[20:], uint32(days))
	binary.BigEndian.PutUint32(element[24:], uint32(at.Sub(day.AddDate(0, 0, days)).Milliseconds()))
	binary.BigEndian.PutUint16(element[28:], dilution)
	binary.BigEndian.PutUint16(element[30:], fix)
	var scale []byte
	for _, n := range []uint32{10000000, 10000000, 1000, 1000, 100, 1, 1000, 100, 1} {
		scale = binary.BigEndian.AppendUint32(scale, n)
	}
	return gpmf("DEVC", 0, 1, gpmf("STRM", 0, 1, bytes.Join([][]byte{
		gpmf("TYPE", 'c', 1, []byte("lllllllSS")), gpmf("SCAL", 'l', 4, scale), gpmf("GPS9", '?', gps9Size, element),
	}, nil)))
}

// numberBox returns a full box of numbers.
func numberBox(kind string, values ...uint32) []byte {
	body := make([]byte, 4)
	for _, v := range values {
		body = binary.BigEndian.AppendUint32(body, v)
	}
	return movieBox(kind, body)
}

// telemetryFilm returns a film with samples of telemetry, one a second, two in a chunk.
func telemetryFilm(created time.Time, samples ...[]byte) []byte {
	const since1904, timescale = 2082844800, 1000
	ftyp := movieBox("ftyp", []byte("mp41\x00\x00\x00\x00mp41"))
	at := uint32(len(ftyp) + 8)
	sizes, offsets := []uint32{0, uint32(len(samples))}, []uint32{uint32(len(samples)+1) / 2}
	for i, s := range samples {
		if i%2 == 0 {
			offsets = append(offsets, at)
		}
		sizes = append(sizes, uint32(len(s)))
		at += uint32(len(s))
	}
	handler := append([]byte("\x00\x00\x00\x00mhlrmeta"), make([]byte, 12)...)
	return bytes.Join([][]byte{ftyp, movieBox("mdat", samples...), movieBox("moov",
		mvhd(uint32(created.Unix()+since1904)),
		movieBox("trak", movieBox("mdia",
			numberBox("mdhd", 0, 0, timescale, uint32(len(samples))*timescale, 0),
			movieBox("hdlr", make([]byte, 4), handler[4:], []byte("GoPro MET\x00")),
			movieBox("minf", movieBox("stbl",
				movieBox("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, movieBox("gpmd", []byte{0, 0, 0, 0, 0, 0, 0, 1})),
				numberBox("stts", 1, uint32(len(samples)), timescale), numberBox("stsc", 1, 1, 2, 1),
				numberBox("stsz", sizes...), numberBox("stco", offsets...),
			)))),
	)}, nil)
}

// timecodeFilm returns a film of a version of firmware whose time code begins with some
// frames, of 30 a second.
func timecodeFilm(created time.Time, firmware string, frames uint32) []byte {
	const since1904 = 2082844800
	ftyp := movieBox("ftyp", []byte("mp41\x00\x00\x00\x00mp41"))
	entry := make([]byte, 26)
	binary.BigEndian.PutUint32(entry[16:], 30000)
	binary.BigEndian.PutUint32(entry[20:], 1001)
	entry[24] = 30
	return bytes.Join([][]byte{ftyp, movieBox("mdat", binary.BigEndian.AppendUint32(nil, frames)), movieBox("moov",
		mvhd(uint32(created.Unix()+since1904)),
		movieBox("udta", movieBox("FIRM", []byte(firmware))),
		movieBox("trak", movieBox("mdia",
			numberBox("mdhd", 0, 0, 30000, 1001, 0),
			movieBox("hdlr", []byte("\x00\x00\x00\x00mhlrtmcd"), make([]byte, 12), []byte("GoPro TCD\x00")),
			movieBox("minf", movieBox("stbl",
				movieBox("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, movieBox("tmcd", entry)),
				numberBox("stts", 1, 1, 1001), numberBox("stsc", 1, 1, 1, 1),
				numberBox("stsz", 4, 1), numberBox("stco", 1, uint32(len(ftyp)+8)),
			)))),
	)}, nil)
}

// The time code tells the zone of a camera that knows it: its header is in UTC then.
func TestTimecode(t *testing.T) {
	nine := time.Date(2026, 1, 8, 9, 0, 7, 0, time.UTC)
	utc := 9*time.Hour + 7*time.Second
	inEast := time.Date(2026, 1, 8, 9, 0, 7, 0, east)
	for name, tc := range map[string]struct {
		firmware string
		ahead    time.Duration // of the time code
		want     time.Time
		zone     string
	}{
		"HERO12, ahead of UTC": {"H23.01.02.32.00", 5*time.Hour + 30*time.Minute, nine, "+05:30"},
		"HERO13, behind it":    {"H24.01.02.02.00", -8 * time.Hour, nine, "-08:00"},
		"the next day":         {"H23.01.02.32.00", 13 * time.Hour, nine, "+13:00"},
		"the day before":       {"H23.01.02.32.00", -10 * time.Hour, nine, "-10:00"},
		"drifted":              {"H23.01.02.32.00", -8*time.Hour + 40*time.Second, nine, "-08:00"},
		"the same":             {"H23.01.02.32.00", 0, inEast, ""},
		"just before":          {"H23.01.02.32.00", -time.Second, inEast, ""},
		"no zone apart":        {"H23.01.02.32.00", 5*time.Hour + 7*time.Minute, inEast, ""},
		"HERO11":               {"H22.01.02.32.00", 5*time.Hour + 30*time.Minute, inEast, ""},
		"an older camera":      {"HD7.01.01.90.00", 5*time.Hour + 30*time.Minute, inEast, ""},
	} {
		frames := (utc + tc.ahead + 24*time.Hour) % (24 * time.Hour) / time.Second * 30
		film := timecodeFilm(nine, tc.firmware, uint32(frames))
		c := capture(bytes.NewReader(film), int64(len(film)), "video/mp4", "GX010042.MP4", east)
		if !c.at.Equal(tc.want) || c.zone != tc.zone {
			t.Errorf("%s: %v %q, want %v %q", name, c.at, c.zone, tc.want, tc.zone)
		}
		for cut := 0; cut < len(film); cut += 37 { // whatever is left of it, it is read without a panic
			movieCapture(io.NewSectionReader(bytes.NewReader(film[:cut]), 0, int64(len(film))), "GX010042.MP4", east)
		}
	}
}

// TestExiftoolReadsTimecode: exiftool takes the track of the film for a time code.
func TestExiftoolReadsTimecode(t *testing.T) {
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Skip("exiftool is not installed")
	}
	path := filepath.Join(t.TempDir(), "GX010042.MP4")
	film := timecodeFilm(time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC), "H23.01.02.32.00", (14*3600+30*60)*30+12)
	if err := os.WriteFile(path, film, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "exiftool", "-s3", "-OtherFormat", "-PlaybackFrameRate", path).Output()
	if fields := strings.Fields(string(out)); err != nil || len(fields) != 2 || fields[0] != "tmcd" || !strings.HasPrefix(fields[1], "29.97") {
		t.Errorf("exiftool: %q, %v", out, err)
	}
}

// gpsFilm is a film with telemetry, when its GPS says that it began, and what its
// capture is.
type gpsFilm struct {
	film  []byte
	began time.Time // zero without a fix
	want  captured
}

// filmsWithGPS are films whose GPS, if it has a fix, says that they began at nine.
func filmsWithGPS() map[string]gpsFilm {
	nine := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	local := nine.Add(330 * time.Minute) // by the clock of a camera
	seconds := func(n int, each func(at time.Time, i int) []byte) (samples [][]byte) {
		for i := range n {
			samples = append(samples, each(nine.Add(time.Duration(i)*time.Second), i))
		}
		return samples
	}
	fixed := seconds(4, func(at time.Time, _ int) []byte { return gps5(at, 3, 200) })
	lost := seconds(4, func(at time.Time, _ int) []byte { return gps5(at.Add(time.Hour), 0, 200) })
	poor := seconds(4, func(at time.Time, _ int) []byte { return gps5(at.Add(time.Hour), 3, 600) })
	late := seconds(40, func(at time.Time, i int) []byte {
		if i < 36 {
			return gps5(at.AddDate(-6, 0, 0), 0, 9999)
		}
		return gps5(at, 3, 200)
	})
	newer := seconds(4, func(at time.Time, _ int) []byte { return gps9Sample(at, 3, 150) })
	newerLost := seconds(4, func(at time.Time, _ int) []byte { return gps9Sample(at, 0, 150) })
	byClock := captured{at: time.Date(2026, 1, 8, 9, 0, 0, 0, east)}
	return map[string]gpsFilm{
		"local clock":  {telemetryFilm(local, fixed...), nine, captured{at: nine, zone: "+05:30"}},
		"slow clock":   {telemetryFilm(local.Add(-50*time.Second), fixed...), nine, captured{at: nine.Add(-50 * time.Second), zone: "+05:30"}},
		"clock in UTC": {telemetryFilm(nine, fixed...), nine, captured{at: nine, zone: "+00:00"}},
		"clock unset":  {telemetryFilm(nine.AddDate(-4, 0, 0), fixed...), nine, captured{at: nine}},
		"no fix":       {telemetryFilm(nine, lost...), time.Time{}, byClock},
		"poor fix":     {telemetryFilm(nine, poor...), time.Time{}, byClock},
		"late fix":     {telemetryFilm(local, late...), nine, captured{at: nine, zone: "+05:30"}},
		"late, unset":  {telemetryFilm(nine.AddDate(-4, 0, 0), late...), nine, captured{at: nine}},
		"GPS9":         {telemetryFilm(local, newer...), nine, captured{at: nine, zone: "+05:30"}},
		"GPS9, no fix": {telemetryFilm(nine, newerLost...), time.Time{}, byClock},
	}
}

// TestTelemetry: the GPS of a GoPro says which zone its clock is in. Without a fix, the
// GPS invents its time.
func TestTelemetry(t *testing.T) {
	for name, tc := range filmsWithGPS() {
		c := capture(bytes.NewReader(tc.film), int64(len(tc.film)), "video/mp4", "GX010042.MP4", east)
		if !c.at.Equal(tc.want.at) || c.zone != tc.want.zone {
			t.Errorf("%s: %v %q, want %v %q", name, c.at.UTC(), c.zone, tc.want.at.UTC(), tc.want.zone)
		}
		for cut := 0; cut < len(tc.film); cut += 37 { // whatever is left of it, it is read without a panic
			movieCapture(io.NewSectionReader(bytes.NewReader(tc.film[:cut]), 0, int64(len(tc.film))), "GX010042.MP4", east)
		}
	}
}

// TestExiftoolReadsTelemetry: exiftool finds the same fix in each film. Its version in
// Debian 12 does not know GPS9.
func TestExiftoolReadsTelemetry(t *testing.T) {
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Skip("exiftool is not installed")
	}
	for name, tc := range filmsWithGPS() {
		if strings.HasPrefix(name, "GPS9") {
			continue
		}
		path := filepath.Join(t.TempDir(), "GX010042.MP4")
		if err := os.WriteFile(path, tc.film, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "exiftool", "-ee", "-G3", "-a", "-j", "-n", "-GPSDateTime", "-GPSMeasureMode", "-GPSHPositioningError", "-GPSDOP", path).Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if began := fixOf(got[0]); !began.Equal(tc.began) {
			t.Errorf("%s: by exiftool it began at %v, want %v: %v", name, began, tc.began, got[0])
		}
	}
}

// fixOf returns when a film began by the first good fix among what exiftool reads.
func fixOf(tags map[string]any) time.Time {
	for n := 1; ; n++ {
		doc := fmt.Sprintf("Doc%d:", n)
		text, there := tags[doc+"GPSDateTime"].(string)
		if !there {
			return time.Time{}
		}
		mode, _ := tags[doc+"GPSMeasureMode"].(float64)
		dilution, ok := tags[doc+"GPSHPositioningError"].(float64)
		if !ok {
			dilution, _ = tags[doc+"GPSDOP"].(float64)
		}
		if at, err := time.Parse("2006:01:02 15:04:05.999", text); err == nil && mode >= 2 && dilution < 5 {
			return at.Add(-time.Duration(n-1) * time.Second)
		}
	}
}
