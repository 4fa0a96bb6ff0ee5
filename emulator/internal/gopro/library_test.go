package gopro_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestDemoIsOfTheSizeItSays(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Demo()})
	var bytes int64
	files := c.GoPro.Expected()
	for _, x := range files {
		bytes += x.Size
	}
	if n := len(c.GoPro.Library()); n != 16 || len(files) != 29 || bytes < 35<<20 || bytes > 45<<20 {
		t.Errorf("demo: %d media, %d files, %d bytes", n, len(files), bytes)
	}
}

func TestMixedHasEverySurprise(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	why, labels := map[string]int{}, map[string]int{}
	for _, x := range c.GoPro.Expected() {
		why[x.Why]++
		labels[x.Label]++
		if x.Refused != (x.Why != "") {
			t.Errorf("%+v is refused without a reason or has one without being refused", x)
		}
	}
	for code, want := range map[string]int{
		"not_ready": 1, "edit_project": 1, "no_original": 2, "incomplete": 2, "empty": 1, "unsupported_type": 5, "too_large": 0,
	} {
		if why[code] != want {
			t.Errorf("%d files refused as %s, want %d", why[code], code, want)
		}
	}
	if labels[sample.LabelBaked] != 3 || labels[sample.LabelRAW] != 1 {
		t.Errorf("labels: %v", labels)
	}
	names, folded := map[string]int{}, map[string]int{}
	for _, m := range c.GoPro.Library() {
		if m.Filename != nil {
			names[*m.Filename]++
		}
		folded[strings.ToLower(m.ID)]++
	}
	if names["GX010042.MP4"] != 2 || names["GOPR2231.JPG"] != 2 || folded["qz3n8wc1ty6ha"] != 2 {
		t.Error("equal names or ids that differ in case only are missing")
	}
}

// TestARightClientGetsWhatIsExpected carries everything that is not refused, by
// what is known about the API alone.
func TestARightClientGetsWhatIsExpected(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]emulator.GoProOptions{"plain": {}, "numbered by path, descending": {WithoutItemNumbers: true, ChaptersDescending: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := sample.Mixed(3)
			c := emutest.NewCloud(t, emulator.Options{Library: l, GoPro: o})
			manifests := map[string]map[string]string{} // URL by medium, by label and number
			for _, want := range c.GoPro.Expected() {
				if want.Refused {
					continue
				}
				urls := manifests[want.Medium]
				if urls == nil {
					urls = originals(c.Manifest(want.Medium))
					manifests[want.Medium] = urls
				}
				link := urls[fmt.Sprint(want.Label, want.Part)]
				response, body := c.Fetch("GET", link, "")
				if response.StatusCode != 200 || int64(len(body)) != want.Size || sha256Hex(body) != want.SHA256 {
					t.Errorf("%+v: %d with %d other bytes", want, response.StatusCode, len(body))
				}
			}
		})
	}
}

// originals finds the originals as a client does: sources by the number in
// their path, frames of a set among the files.
func originals(a emutest.ManifestAnswer) map[string]string {
	urls := map[string]string{}
	sources := 0
	for _, v := range a.Embedded.Variations {
		if v.Label == sample.LabelSource || v.Label == sample.LabelBaked {
			sources++
			number, _, _ := strings.Cut(v.URL[strings.Index(v.URL, "/default/")+len("/default/"):], ".")
			urls[v.Label+number] = v.URL
		}
	}
	if sources == 1 && len(a.Embedded.Files) > 1 {
		for _, f := range a.Embedded.Files {
			urls[fmt.Sprint(sample.LabelSource, *f.Number)] = f.URL
		}
	}
	return urls
}

func TestRowsTellWhatTheLibraryHolds(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Mixed(1)})
	rows := map[string]map[string]any{}
	for page := 1; ; page++ {
		list := c.Search(fmt.Sprintf("per_page=200&page=%d", page)).Embedded.Media
		if len(list) == 0 {
			break
		}
		for _, row := range list {
			if name, ok := row["filename"].(string); ok {
				rows[name] = row
			}
		}
	}
	for name, want := range map[string]map[string]any{
		"GX010047.MP4": {"type": "Video", "item_count": 12.0, "source_duration": "228240", "resolution": "2160p", "file_extension": "mp4", "play_as": "video"},
		"G0010001.JPG": {"type": "Burst", "item_count": 30.0, "source_duration": nil, "play_as": "multi_shot_photo"},
		"GOPR2252.JPG": {"file_size": "9216"},
		"GX010053.MP4": {"file_size": 0.0},
		"GX010052.MP4": {"file_size": 33965.0},
		"GOPR2251.JPG": {"captured_at_timezone": "+02:00", "file_size": 9216.0},
		"GOPR0001.JPG": {"captured_at": "2015-01-01T00:04:00Z"},
		"GX010049.MP4": {"item_count": 3.0},
		"My Edit.mp4":  {"composition": "export", "file_size": nil, "camera_model": nil},
		"GX010050.MP4": {"ready_to_view": "transcoding"},
	} {
		for member, value := range want {
			if got, ok := rows[name][member]; !ok || got != value {
				t.Errorf("%s: %s is %v, want %v", name, member, got, value)
			}
		}
	}
	if _, ok := rows["GX010052.MP4"]["reprocessed_at"]; !ok {
		t.Error("a reprocessed row does not say so")
	}
}
