package gopro_test

import (
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestSignedURLs(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	id := emutest.MediumNamed(t, c.GoPro.Library(), "GOPR2232.JPG").ID
	v := c.Manifest(id).Embedded.Variations[0]
	if again := c.Manifest(id).Embedded.Variations[0]; again.URL == v.URL || again.Head == v.Head {
		t.Error("two calls gave the same signed URL")
	}
	parsed, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	reordered := *parsed
	reordered.RawQuery = parsed.Query().Encode()
	later := strings.Replace(v.URL, "Expires=1", "Expires=2", 1)
	other := strings.Replace(v.URL, "/source/", "/raw_photo/", 1)
	signedIn := "Bearer " + c.GoPro.Token()
	for name, tt := range map[string]struct {
		method, url string
		headers     []string
		want        int
	}{
		"GET of url":             {"GET", v.URL, nil, 200},
		"HEAD of head":           {"HEAD", v.Head, nil, 200},
		"HEAD of url":            {"HEAD", v.URL, nil, 403},
		"GET of head":            {"GET", v.Head, nil, 403},
		"query in another order": {"GET", reordered.String(), nil, 403},
		"later expiry":           {"GET", later, nil, 403},
		"another object":         {"GET", other, nil, 403},
		"no query":               {"GET", "https://" + parsed.Host + parsed.Path, nil, 403},
		"short signature":        {"GET", "https://" + parsed.Host + parsed.Path + "?a=b&Signature=x&Key-Pair-Id=" + cdn.KeyPair, nil, 403},
		"bearer":                 {"GET", v.URL, []string{"Authorization", signedIn}, 400},
		"cookie":                 {"GET", v.URL, []string{"Cookie", "a=b; gp_access_token=x"}, 400},
		"cookie of others":       {"GET", v.URL, []string{"Cookie", "a=b"}, 200},
	} {
		response, body := c.Fetch(tt.method, tt.url, "", tt.headers...)
		if response.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", name, response.StatusCode, tt.want)
		}
		if tt.want >= 400 && tt.method == "GET" && !strings.HasPrefix(body, `<?xml version="1.0" encoding="UTF-8"?>`) {
			t.Errorf("%s: no XML: %s", name, body)
		}
	}
	if n := len(c.Log.Leaks()); n != 2 {
		t.Errorf("%d leaks noted, want 2", n)
	}
}

func TestURLsLiveOneHour(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(1 << 20)})
	link := c.SourceURL(c.GoPro.Library()[0].ID)
	begun, err := c.Call("GET", link, "")
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(59 * time.Minute)
	if response, _ := c.Fetch("GET", link, "", "Range", "bytes=1-2"); response.StatusCode != 206 {
		t.Errorf("within the hour: %d", response.StatusCode)
	}
	c.Clock.Advance(time.Minute)
	if response, _ := c.Fetch("GET", link, ""); response.StatusCode != 403 {
		t.Errorf("after the hour: %d", response.StatusCode)
	}
	if n, err := io.Copy(io.Discard, begun.Body); n != 1<<20 || err != nil {
		t.Errorf("a body under way ended at %d: %v", n, err)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
	m := c.GoPro.Library()[0]
	link := c.SourceURL(m.ID)
	whole, body := c.Fetch("GET", link, "")
	for header, want := range map[string]string{
		"Content-Type": "binary/octet-stream", "Content-Length": "100000", "Accept-Ranges": "bytes",
		"Content-Disposition": "attachment; filename=GX010042.MP4",
	} {
		if got := whole.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	tag := whole.Header.Get("ETag")
	inner := md5.Sum([]byte(body))
	outer := md5.Sum(inner[:])
	if want := `"` + hex.EncodeToString(outer[:]) + `-1"`; tag != want {
		t.Errorf("ETag %s, want %s", tag, want)
	}
	for name, tt := range map[string]struct {
		headers []string
		status  int
		body    string
		rng     string
	}{
		"from the middle": {[]string{"Range", "bytes=99990-"}, 206, body[99990:], "bytes 99990-99999/100000"},
		"part":            {[]string{"Range", "bytes=5-9"}, 206, body[5:10], "bytes 5-9/100000"},
		"beyond the end":  {[]string{"Range", "bytes=100000-"}, 416, "…", "bytes */100000"},
		"same object":     {[]string{"Range", "bytes=99999-", "If-Range", tag}, 206, body[99999:], "bytes 99999-99999/100000"},
		"another object":  {[]string{"Range", "bytes=99999-", "If-Range", `"x-1"`}, 200, body, ""},
		"unreadable unit": {[]string{"Range", "items=1-2"}, 416, "…", ""},
	} {
		response, got := c.Fetch("GET", link, "", tt.headers...)
		if response.StatusCode != tt.status || tt.body != "…" && got != tt.body || response.Header.Get("Content-Range") != tt.rng {
			t.Errorf("%s: %d, %d bytes, %q", name, response.StatusCode, len(got), response.Header.Get("Content-Range"))
		}
	}
	head, nothing := c.Fetch("HEAD", c.Manifest(m.ID).Embedded.Variations[2].Head, "")
	if head.ContentLength != 100_000 || head.Header.Get("ETag") != tag || nothing != "" {
		t.Errorf("HEAD: %d bytes, ETag %s", head.ContentLength, head.Header.Get("ETag"))
	}
}

func TestObjectFaults(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
	m := c.GoPro.Library()[0]
	link := c.SourceURL(m.ID)
	before, old := c.Fetch("GET", link, "")
	c.Faults.Add(emulator.Fault{Route: "cdn.get", Kind: emulator.FaultIgnoreRange}, emulator.Fault{Route: "cdn.get", Kind: emulator.FaultExpired},
		emulator.Fault{Route: "cdn.get", Kind: emulator.FaultChanged})
	if response, body := c.Fetch("GET", link, "", "Range", "bytes=5-"); response.StatusCode != 200 || body != old {
		t.Errorf("ignored range: %d", response.StatusCode)
	}
	if response, _ := c.Fetch("GET", link, ""); response.StatusCode != 403 {
		t.Errorf("expired: %d", response.StatusCode)
	}
	c.Fetch("GET", link, "")
	after, changed := c.Fetch("GET", link, "", "Range", "bytes=0-", "If-Range", before.Header.Get("ETag"))
	if after.StatusCode != 200 || len(changed) != len(old) || changed == old || after.Header.Get("ETag") == before.Header.Get("ETag") {
		t.Errorf("changed object: %d with ETag %s", after.StatusCode, after.Header.Get("ETag"))
	}
	if x := c.GoPro.Expected()[0]; x.SHA256 != sha256Hex(changed) {
		t.Error("the expectation is not that of the changed object")
	}
	if !c.GoPro.Change(m.ID, 1) || c.GoPro.Change(m.ID, 2) || c.GoPro.Change("nobody", 1) {
		t.Error("Change does not tell what there is")
	}
	if _, again := c.Fetch("GET", link, ""); again == changed {
		t.Error("Change changed nothing")
	}
}

func TestHugeObjectsCostNothing(t *testing.T) {
	t.Parallel()
	const size = 20 << 30
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(size)})
	id := c.GoPro.Library()[0].ID
	response, body := c.Fetch("GET", c.SourceURL(id), "", "Range", fmt.Sprintf("bytes=%d-", int64(size)-10))
	if response.StatusCode != 206 || len(body) != 10 || response.Header.Get("Content-Range") != "bytes 21474836470-21474836479/21474836480" {
		t.Errorf("%d, %q, %d bytes", response.StatusCode, response.Header.Get("Content-Range"), len(body))
	}
	if tag := response.Header.Get("ETag"); !regexp.MustCompile(`^"[0-9a-f]{32}-1024"$`).MatchString(tag) {
		t.Errorf("ETag %s", tag)
	}
}

// shapes renders what a download lists: array, label, type, number of each.
func shapes(a emutest.ManifestAnswer) string {
	var out []string
	list := func(name string, entries []emutest.ManifestEntry) {
		for _, e := range entries {
			number := ""
			if e.Number != nil {
				number = fmt.Sprint("#", *e.Number)
			}
			out = append(out, fmt.Sprintf("%s %s %s%s", name, e.Label, e.Type, number))
		}
	}
	list("v", a.Embedded.Variations)
	list("s", a.Embedded.Sidecars)
	return fmt.Sprintf("%d files, %d sprites: ", len(a.Embedded.Files), len(a.Embedded.Sprites)) + strings.Join(out, ", ")
}

const (
	proxiesBefore = "v edit_proxy mp4, v audio_proxy m4a, "
	proxiesAfter  = ", v high_res_proxy_mp4 mp4, v mp4_low mp4"
	sidecars      = ", s gpmf 1.mp4, s mediainfo json"
)

func TestDownloadShapes(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	ids := map[string]string{}
	for _, m := range c.GoPro.Library() {
		if m.Filename != nil && (m.Camera != "HERO8 Black") {
			ids[m.Type+" "+*m.Filename] = m.ID
		}
	}
	for name, want := range map[string]string{
		"Photo GOPR2231.JPG":          "1 files, 0 sprites: v source jpg",
		"Photo GOPR2232.JPG":          "1 files, 0 sprites: v source jpg, s raw_photo gpr",
		"Photo GOPR2240.GPR":          "1 files, 0 sprites: v source gpr",
		"Photo GX010042.THM":          "1 files, 0 sprites: v source jpg",
		"Video GX010042.MP4":          "1 files, 1 sprites: " + proxiesBefore + "v source mp4" + proxiesAfter + sidecars,
		"Video GX010043.MP4":          "1 files, 0 sprites: " + proxiesBefore + "v concat mp4, v source mp4#1, v source mp4#2, v source mp4#3, v source mp4#4" + proxiesAfter + sidecars,
		"Video GX010049.MP4":          "1 files, 1 sprites: " + proxiesBefore + "v source mp4#1, v source mp4#3" + proxiesAfter + sidecars,
		"LoopedVideo GHAA0001.MP4":    "1 files, 1 sprites: " + proxiesBefore + "v source mp4#1, v source mp4#2" + proxiesAfter + sidecars,
		"TimeLapseVideo GX010048.MP4": "1 files, 1 sprites: " + proxiesBefore + "v source mp4" + proxiesAfter + sidecars,
		"Video GS010007.360":          "1 files, 1 sprites: v source 360, v high_res_proxy_mp4 mp4",
		"Burst G0010001.JPG":          "30 files, 0 sprites: v source jpg, s zip zip",
		"TimeLapse G0020001.JPG":      "1200 files, 0 sprites: v source jpg, s zip zip",
		"TimeLapse G0050001.JPG":      "4 files, 0 sprites: v source jpg#1, v source jpg#2, v source jpg#3, v source jpg#4, s zip zip",
		"MultiClipEdit ":              "1 files, 0 sprites: v baked_source mp4, s edl_mce json",
		"Edit My Edit.mp4":            "1 files, 0 sprites: v baked_source mp4",
		"Video ":                      "1 files, 1 sprites: v edit_proxy mp4, v audio_proxy m4a" + proxiesAfter + sidecars,
		"Video GX010050.MP4":          "1 files, 1 sprites: " + proxiesBefore + "v source mp4" + proxiesAfter + sidecars,
		"Video GX010051.MP4":          "0 files, 0 sprites: ",
	} {
		a := c.Manifest(ids[name])
		if got := shapes(a); got != want {
			t.Errorf("%s:\n%s, want\n%s", name, got, want)
		}
		for _, e := range slices.Concat(a.Embedded.Files, a.Embedded.Variations, a.Embedded.Sidecars) {
			old := name == "Video GX010043.MP4" || strings.Contains(name, "Edit")
			if (e.Available == nil) != old {
				t.Errorf("%s: available of %s is %v", name, e.Label, e.Available)
			}
		}
	}
	video := c.Manifest(ids["Video GX010042.MP4"])
	if _, proxy := c.Fetch("GET", video.Embedded.Files[0].URL, ""); len(proxy) >= 120<<10 {
		t.Errorf("the file of a video has %d bytes, not fewer than its source", len(proxy))
	}
	for _, u := range video.Embedded.Sprites[0]["urls"].([]any) {
		if response, _ := c.Fetch("GET", u.(string), ""); response.StatusCode != 200 {
			t.Errorf("sprite: %d", response.StatusCode)
		}
	}
	gone := c.Manifest(ids["Photo GOPR2242.JPG"]).Embedded.Variations[0]
	if response, _ := c.Fetch("GET", gone.URL, ""); *gone.Available || response.StatusCode != 404 {
		t.Errorf("unavailable object: %d", response.StatusCode)
	}
}

func TestDownloadVariants(t *testing.T) {
	t.Parallel()
	chaptered := func(o emulator.GoProOptions) (*emutest.Cloud, emutest.ManifestAnswer) {
		c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1), GoPro: o})
		return c, c.Manifest(emutest.MediumNamed(t, c.GoPro.Library(), "GX010043.MP4").ID)
	}
	_, a := chaptered(emulator.GoProOptions{WithoutItemNumbers: true})
	if got := shapes(a); strings.Contains(got, "#") {
		t.Errorf("without numbers: %s", got)
	}
	if link := a.Embedded.Variations[4].URL; !strings.Contains(link, "/source/default/2.mp4?") {
		t.Errorf("the path does not tell the chapter: %s", link)
	}
	_, a = chaptered(emulator.GoProOptions{ChaptersDescending: true})
	if got := shapes(a); !strings.Contains(got, "mp4#4, v source mp4#3, v source mp4#2, v source mp4#1") {
		t.Errorf("descending: %s", got)
	}
	c, _ := chaptered(emulator.GoProOptions{})
	c.Faults.Add(emulator.Fault{Route: "gopro.download", Kind: emulator.FaultReorder}, emulator.Fault{Route: "gopro.download", Kind: emulator.FaultShortPage, Count: 3})
	for _, want := range []string{"mp4#4, v source mp4#3, v source mp4#2, v source mp4#1", "source mp4#1, v source mp4#2, v source mp4#3, v high_res"} {
		if got := shapes(c.Manifest(emutest.MediumNamed(t, c.GoPro.Library(), "GX010043.MP4").ID)); !strings.Contains(got, want) {
			t.Errorf("disturbed: %s, want %s", got, want)
		}
	}
	c, _ = chaptered(emulator.GoProOptions{ProxyFirst: true, WithoutAvailable: true, Extras: true, UnfinishedNotFound: true})
	a = c.Manifest(emutest.MediumNamed(t, c.GoPro.Library(), "GX010047.MP4").ID)
	first := a.Embedded.Variations[2]
	if first.Label != sample.LabelProxy || first.Height != 2160 || first.Available != nil {
		t.Errorf("proxy first: %+v", first)
	}
	unfinished := emutest.MediumNamed(t, c.GoPro.Library(), "GX010051.MP4").ID
	if response, _ := c.Fetch("GET", c.API+"/media/"+unfinished+"/download", "", c.SignedIn()...); response.StatusCode != 404 {
		t.Errorf("unfinished: %d", response.StatusCode)
	}
}

// TestValidators: the CDN names the versions of an object as it is told to, and
// answers an If-Range with an older one with the whole of the new.
func TestValidators(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		validators, tag string
		dated           bool
	}{{emulator.ValidateBoth, `"`, true}, {emulator.ValidateDate, "", true}, {emulator.ValidateWeakly, "W/", true}, {emulator.ValidateNothing, "", false}} {
		c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000), GoPro: emulator.GoProOptions{Validators: tt.validators}})
		link := c.SourceURL(c.GoPro.Library()[0].ID)
		before, _ := c.Fetch("GET", link, "")
		date := before.Header.Get("Last-Modified")
		if tag := before.Header.Get("ETag"); !strings.HasPrefix(tag, tt.tag) || (tag == "") != (tt.tag == "") || (date != "") != tt.dated {
			t.Errorf("%q: ETag %q, Last-Modified %q", tt.validators, tag, date)
		}
		if !tt.dated {
			continue
		}
		if same, _ := c.Fetch("GET", link, "", "Range", "bytes=5-", "If-Range", date); same.StatusCode != 206 {
			t.Errorf("%q: the same object is answered %d", tt.validators, same.StatusCode)
		}
		c.GoPro.Change(c.GoPro.Library()[0].ID, 1)
		if other, _ := c.Fetch("GET", link, "", "Range", "bytes=5-", "If-Range", date); other.StatusCode != 200 || other.Header.Get("Last-Modified") == date {
			t.Errorf("%q: another object is answered %d, of %q", tt.validators, other.StatusCode, other.Header.Get("Last-Modified"))
		}
	}
}

func TestEncodedObject(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
	link := c.SourceURL(c.GoPro.Library()[0].ID)
	_, plain := c.Fetch("GET", link, "")
	c.Faults.Add(emulator.Fault{Route: "cdn.get", Kind: emulator.FaultEncoded})
	answer, body := c.Fetch("GET", link, "", "Accept-Encoding", "identity", "Range", "bytes=0-")
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil || answer.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("encoded as %q: %v", answer.Header.Get("Content-Encoding"), err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != plain {
		t.Errorf("decoded to %d bytes, %v, want %d", len(got), err, len(plain))
	}
}
