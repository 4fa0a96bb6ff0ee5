package folder

import (
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

func annotating(t *testing.T, dir string, format Sidecar) *Destination {
	t.Helper()
	d, err := NewDestination(DestinationOptions{Path: dir, Name: "folder:", Sidecar: format, Zone: time.FixedZone("", 2*60*60), Interval: interval})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// described is a note with everything that a source may know.
func described(f stationtest.File, id string) station.Note {
	return station.Note{ID: id, Item: f.Item, Description: station.Description{
		Title: `Été <1/2> & "more"`, Text: "line one\nline two", Maker: "GoPro",
		Place:  &station.Place{Latitude: 46.5, Longitude: -7.123456789, Altitude: new(-12.5)},
		Record: json.RawMessage(`{"id":"k7Qp2mVx9Rt4b","fov":"wide"}`),
	}}
}

func annotate(t *testing.T, d *Destination, notes ...station.Note) {
	t.Helper()
	if err := d.Annotate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// properties returns the text of each element of a packet, by its local name.
func properties(t *testing.T, packet string) map[string]string {
	t.Helper()
	found := map[string]string{}
	decoder := xml.NewDecoder(strings.NewReader(packet))
	for at := []string(nil); ; {
		token, err := decoder.Token()
		if token == nil {
			return found
		}
		if err != nil {
			t.Fatalf("%v in %s", err, packet)
		}
		switch token := token.(type) {
		case xml.StartElement:
			at = append(at, token.Name.Local)
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" && len(at) > 3 {
				found[at[3]] = text
			}
		}
	}
}

func TestXMPSidecar(t *testing.T) {
	f := file(1, 1000)
	f.Item.Camera, f.Item.CapturedZone = "HERO11 Black", "+05:30"
	f.Item.CapturedAt = time.Date(2026, 1, 8, 9, 0, 0, 120e6, time.UTC)
	dir := made(t)
	d := annotating(t, dir, XMPSidecar)
	path := carry(t, d, f)[0]
	annotate(t, d, described(f, path))
	got := properties(t, read(t, dir, path+".xmp"))
	for name, want := range map[string]string{
		"DateTimeOriginal": "2026-01-08T14:30:00.12+05:30", "DateCreated": "2026-01-08T14:30:00.12+05:30",
		"title": `Été <1/2> & "more"`, "description": "line one\nline two", "Make": "GoPro", "Model": "HERO11 Black",
		"GPSLatitude": "46,30.00000000N", "GPSLongitude": "7,7.40740734W", "GPSAltitude": "12500/1000", "GPSAltitudeRef": "1",
		"Key": f.Item.LedgerKey(), "Name": f.Item.Name,
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	checkSums(t, dir, 1)
}

func TestXMPTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	summer, winter := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		at   time.Time
		zone string
		want string
	}{
		{summer, "", "2026-07-01T12:00:00+02:00"},
		{winter, "", "2026-01-01T11:00:00+01:00"},
		{summer, "-03:00", "2026-07-01T07:00:00-03:00"},
		{summer, "Asia/Kolkata", "2026-07-01T15:30:00+05:30"},
		{summer, "Local", "2026-07-01T12:00:00+02:00"},
		{summer, "../../etc/passwd", "2026-07-01T12:00:00+02:00"},
		{time.Time{}, "+02:00", ""},
	} {
		item := media.Item{CapturedAt: test.at, CapturedZone: test.zone}
		if got := xmpTime(&item, berlin); got != test.want {
			t.Errorf("%v in zone %q is %q, want %q", test.at, test.zone, got, test.want)
		}
	}
}

func TestJSONSidecar(t *testing.T) {
	f := file(1, 1000)
	dir := made(t)
	d := annotating(t, dir, JSONSidecar)
	path := carry(t, d, f)[0]
	note := described(f, path)
	annotate(t, d, note)
	var got document
	if err := json.Unmarshal([]byte(read(t, dir, path+".json")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Key != f.Item.LedgerKey() || got.Title != note.Description.Title || got.Place.Longitude != -7.123456789 ||
		!strings.Contains(string(got.Record), `"fov": "wide"`) || !got.Captured.Equal(f.Item.CapturedAt) {
		t.Errorf("the sidecar is %+v", got)
	}
	for what, raw := range map[string]string{"no JSON": "{", "too long": `"` + strings.Repeat("x", station.MostRecord) + `"`} {
		if record(json.RawMessage(raw)) != nil {
			t.Errorf("a record that is %s is kept", what)
		}
	}
}

// TestSidecarsStay writes sidecars where there are some already: what a user edited
// is kept, what is missing is written again, and a file that is gone gets none.
func TestSidecarsStay(t *testing.T) {
	dir := made(t)
	d := annotating(t, dir, XMPSidecar)
	a, b, c := file(1, 1000), file(2, 1000), file(3, 1000)
	paths := carry(t, d, a, b, c)
	undescribed := func(want ...bool) {
		t.Helper()
		got, err := annotating(t, dir, XMPSidecar).Undescribed(t.Context(), paths)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("undescribed: %v, %v; want %v", got, err, want)
		}
	}
	undescribed(true, true, true)
	annotate(t, d, described(a, paths[0]), described(b, paths[1]), described(c, paths[2]))
	undescribed(false, false, false)
	put(t, dir, paths[0]+".xmp", []byte("edited"), day)
	for _, gone := range []string{paths[1] + ".xmp", paths[2], paths[2] + ".xmp"} {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(gone))); err != nil {
			t.Fatal(err)
		}
	}
	undescribed(false, true, false)
	annotate(t, d, described(a, paths[0]), described(b, paths[1]))
	if got := read(t, dir, paths[0]+".xmp"); got != "edited" {
		t.Errorf("an edited sidecar became %q", got)
	}
	if got := read(t, dir, paths[1]+".xmp"); !strings.Contains(got, "HERO") && !strings.Contains(got, "GoPro") {
		t.Errorf("a missing sidecar became %q", got)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ownDir, "*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %q, %v", left, err)
	}
}

// TestVerifySidecars: a sidecar that was promised and is not there is named.
func TestVerifySidecars(t *testing.T) {
	dir := made(t)
	d := annotating(t, dir, JSONSidecar)
	paths := carry(t, d, file(1, 1000), file(2, 1000))
	annotate(t, d, described(file(1, 1000), paths[0]))
	got := map[string]State{}
	if _, err := Verify(t.Context(), VerifyOptions{Path: dir, Each: func(f Finding) error { got[f.Entry.Path] = f.State; return nil }}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[paths[1]+".json"] != Missing || got[paths[1]] != Whole {
		t.Errorf("found %v, want the sidecar of %s missing", got, paths[1])
	}
}

// TestSidecarsLater asks for sidecars in a folder that was written without them.
func TestSidecarsLater(t *testing.T) {
	dir := made(t)
	f := file(1, 1000)
	path := carry(t, annotating(t, dir, NoSidecar), f)[0]
	d := annotating(t, dir, XMPSidecar)
	missing, err := d.Undescribed(t.Context(), []string{path, "other.jpg"})
	if err != nil || !slices.Equal(missing, []bool{true, false}) {
		t.Errorf("undescribed: %v, %v", missing, err)
	}
	annotate(t, d, described(f, path))
	checkSums(t, dir, 1)
	e, err := d.manifest.atPath(openRoot(t, dir), path)
	if err != nil || e.Sidecar != XMPSidecar {
		t.Errorf("the line of the file is %+v, %v", e, err)
	}
}

// TestSidecarsArePassedOn carries a folder with sidecars into another.
func TestSidecarsArePassedOn(t *testing.T) {
	from, to := t.TempDir(), made(t)
	const packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>"
	put(t, from, "a.jpg", noise(1, 1000), day)
	put(t, from, "a.jpg.xmp", []byte(packet), day)
	put(t, from, "a.jpg.json", []byte("{ damaged"), day)
	put(t, from, "b.jpg", noise(2, 1000), day)
	put(t, from, "b.jpg.xmp", []byte("<a><b></a"), day)
	put(t, from, "c.jpg", noise(3, 1000), day)
	put(t, from, "c.jpg.xmp", []byte("<a>"+strings.Repeat(" ", mostSidecar)+"</a>"), day)
	s, d := openSource(t, from), annotating(t, to, XMPSidecar)
	for item, err := range s.List(t.Context(), media.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		about, err := s.Describe(t.Context(), item)
		if err != nil {
			t.Fatal(err)
		}
		f := stationtest.File{Item: item, Data: []byte(read(t, from, item.ID.Medium))}
		path := carry(t, d, f)[0]
		annotate(t, d, station.Note{ID: path, Item: item, Description: about})
		if got := read(t, to, path+".xmp"); (got == packet) != (item.Name == "a.jpg") || item.Name != "a.jpg" && !strings.HasPrefix(got, xmpHead) {
			t.Errorf("the sidecar of %s is %q", item.Name, got)
		}
		if len(about.Sidecars) > 0 && item.Name != "a.jpg" || about.Sidecars["json"] != nil {
			t.Errorf("the sidecars of %s: %q", item.Name, about.Sidecars)
		}
	}
}

// TestSidecarsOfAdobe: NAME.xmp belongs to each file NAME that has no other.
func TestSidecarsOfAdobe(t *testing.T) {
	from := t.TempDir()
	shared, own := []byte("<shared/>"), []byte("<own/>")
	put(t, from, "day/a.jpg", noise(1, 1000), day)
	put(t, from, "day/a.png", noise(2, 1000), day)
	put(t, from, "day/a.xmp", shared, day)
	put(t, from, "day/a.png.xmp", own, day)
	put(t, from, "a.jpg", noise(3, 1000), day)
	put(t, from, "a.json", []byte("{}"), day)
	want := map[string][]byte{"day/a.jpg": shared, "day/a.png": own, "a.jpg": nil}
	s := openSource(t, from)
	for item, err := range s.List(t.Context(), media.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		about, err := s.Describe(t.Context(), item)
		if err != nil {
			t.Fatal(err)
		}
		if content, ok := want[item.ID.Medium]; !ok || !slices.Equal(about.Sidecars["xmp"], content) || about.Sidecars["json"] != nil {
			t.Errorf("the sidecars of %s: %q", item.ID.Medium, about.Sidecars)
		}
		delete(want, item.ID.Medium)
	}
	if len(want) > 0 {
		t.Errorf("not listed: %v", want)
	}
}

func TestParseSidecar(t *testing.T) {
	for text, want := range map[string]Sidecar{"": NoSidecar, "none": NoSidecar, "XMP": XMPSidecar, "json": JSONSidecar, "yaml": ""} {
		if got, err := ParseSidecar(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

// TestXMPOfHostileTexts: whatever a source says, the packet is well formed.
func TestXMPOfHostileTexts(t *testing.T) {
	for _, text := range []string{"]]><!-- & -->", "\x00\x1b[31m", "\xff\xfe", "\ufffe\uffff", "</rdf:li>", "<?xpacket end='w'?>", strings.Repeat("é", 1<<16)} {
		n := station.Note{Item: media.Item{Camera: text, ID: media.ID{Medium: text}}, Description: station.Description{Title: text, Text: text, Maker: text}}
		packet := xmpSidecar(&Entry{Key: text, Name: text}, &n, time.UTC)
		if !isXML(packet) || properties(t, string(packet))["Make"] == "" {
			t.Errorf("%.40q makes %.400s", text, packet)
		}
	}
}

// TestExiftoolReadsPlaces: exiftool reads the place that was written.
func TestExiftoolReadsPlaces(t *testing.T) {
	if _, err := exec.LookPath("exiftool"); err != nil {
		t.Skip("exiftool is not installed")
	}
	for _, want := range []station.Place{
		{Latitude: 46.5, Longitude: 7.25}, {Latitude: -33.8567844, Longitude: 151.2152967, Altitude: new(4.5)},
		{Latitude: 0.0000001, Longitude: -179.9999999, Altitude: new(-422.125)}, {Latitude: 89.99999999, Longitude: -0.5, Altitude: new(8848.86)},
	} {
		path := filepath.Join(t.TempDir(), "a.jpg.xmp")
		packet := xmpSidecar(&Entry{}, &station.Note{Description: station.Description{Place: &want}}, time.UTC)
		if err := os.WriteFile(path, packet, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "exiftool", "-j", "-n", "-GPSLatitude", "-GPSLongitude", "-GPSAltitude", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var got []struct{ GPSLatitude, GPSLongitude, GPSAltitude float64 }
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		altitude := 0.0
		if want.Altitude != nil {
			altitude = *want.Altitude
		}
		const near = 1e-8 // degrees, about a millimetre
		if math.Abs(got[0].GPSLatitude-want.Latitude) > near || math.Abs(got[0].GPSLongitude-want.Longitude) > near || math.Abs(got[0].GPSAltitude-altitude) > 1e-3 {
			t.Errorf("exiftool reads %s of %+v", out, want)
		}
	}
}
