package gopro

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
)

// signed is the signed address of an object.
func signed(object string) string {
	return "https://cdn.example/0f3a/1234567890123456789/" + object + "?Expires=1748772000&Signature=SECRET~_-&Key-Pair-Id=K"
}

// fileEntry, variation and sidecar write entries of files, variations and sidecar files.
func fileEntry(object string, part, height int) string {
	return fmt.Sprintf(`{"url":%q,"head":"h","camera_position":"default","item_number":%d,"width":1,"height":%d,"orientation":1,"available":true}`, signed(object), part, height)
}

func variation(object, label, kind string, height int, more string) string {
	return fmt.Sprintf(`{"url":%q,"head":"h","width":1,"height":%d,"label":%q,"quality":"%dp","type":%q%s}`, signed(object), height, label, height, kind, more)
}

func sidecar(object, label, kind string) string {
	return fmt.Sprintf(`{"url":%q,"head":"h","label":%q,"type":%q,"fps":59.94006,"available":true}`, signed(object), label, kind)
}

func manifest(filename string, files, variations, sidecars []string) string {
	return fmt.Sprintf(`{"filename":%q,"_embedded":{"files":[%s],"variations":[%s],"sprites":[{"fps":29.97}],"sidecar_files":[%s]}}`,
		filename, strings.Join(files, ","), strings.Join(variations, ","), strings.Join(sidecars, ","))
}

const numberedMore = `,"camera_position":"default","item_number":`

var proxies = []string{
	variation("edit_proxy/default/1.mp4", "edit_proxy", "mp4", 720, ""),
	variation("audio_proxy/default/1.m4a", "audio_proxy", "m4a", 0, ""),
	variation("high_res_proxy_mp4/default/1.mp4", "high_res_proxy_mp4", "mp4", 1080, `,"available":true`),
	variation("mp4_low/default/1.mp4", "mp4_low", "mp4", 240, ""),
}

func chapter(n int, more string) string {
	return variation(fmt.Sprintf("source/default/%d.mp4", n), "source", "mp4", 2160, more)
}

func part(n int) string { return fmt.Sprintf("%s%d", numberedMore, n) }

var proxyFile = []string{fileEntry("high_res_proxy_mp4/default/1.mp4", 1, 1080)}

// shape is a medium as the cloud describes it, and what is to be carried of it:
// one line per asset, "object label part name [legacy name] [!refusal]".
type shape struct {
	name     string
	row      Row
	manifest string
	height   int
	want     []string
}

func frames(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fileEntry(fmt.Sprintf("source/default/%d.jpg", i+1), i+1, 2736))
	}
	return all
}

var shapes = []shape{
	{"photo", Row{Type: "Photo", Filename: "GOPR2231.JPG", Height: 4872},
		manifest("GOPR2231.JPG", []string{fileEntry("source/default/1.jpg", 1, 4872)}, []string{variation("source/default/1.jpg", "source", "jpg", 4872, "")}, nil), 0,
		[]string{"source/default/1.jpg source 1 GOPR2231.JPG [GOPR2231000.JPG]"}},
	{"photo with RAW", Row{Type: "Photo", Filename: "GOPR2231.JPG", Height: 4872},
		manifest("GOPR2231.JPG", []string{fileEntry("source/default/1.jpg", 1, 4872)}, []string{variation("source/default/1.jpg", "source", "jpg", 4872, "")},
			[]string{sidecar("raw_photo/default/1.gpr", "raw_photo", "gpr")}), 0,
		[]string{"source/default/1.jpg source 1 GOPR2231.JPG [GOPR2231000.JPG]", "raw_photo/default/1.gpr raw_photo 1 GOPR2231.GPR"}},
	{"RAW photo alone, not processed", Row{Type: "Photo", Filename: "GOPR2231.GPR"},
		manifest("GOPR2231.GPR", nil, []string{variation("source/default/1.gpr", "source", "gpr", 4872, "")}, nil), 0,
		[]string{"source/default/1.gpr source 1 GOPR2231.GPR"}},
	{"RAW photo alone, processed", Row{Type: "Photo", Filename: "GOPR2231.GPR"},
		manifest("GOPR2231.GPR", nil, []string{variation("source/default/1.jpg", "source", "jpg", 4872, "")}, []string{sidecar("raw_photo/default/1.gpr", "raw_photo", "gpr")}), 0,
		[]string{"source/default/1.jpg source 1 GOPR2231.JPG", "raw_photo/default/1.gpr raw_photo 1 GOPR2231.GPR"}},
	{"photo whose source is away", Row{Type: "Photo", Filename: "a.jpeg", Height: 100},
		manifest("a.jpeg", []string{fileEntry("source/default/1.jpg", 1, 100)}, []string{variation("x", "source", "jpg", 100, `,"available":false`)}, nil), 0,
		[]string{"source/default/1.jpg source 1 a.jpeg [a000.jpeg]"}},
	{"360 photo", Row{Type: "Photo", Filename: "GS__0350.JPG"},
		manifest("GS__0350.JPG", []string{fileEntry("source/default/1.jpg", 1, 2880)}, []string{variation("source/default/1.jpg", "source", "jpg", 2880, "")}, nil), 0,
		[]string{"source/default/1.jpg source 1 GS__0350.JPG [GS__0350000.JPG]"}},

	{"video", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 1},
		manifest("GX010042.MP4", proxyFile, append([]string{chapter(1, "")}, proxies...), []string{sidecar("gpmf/default/1.mp4", "gpmf", "1.mp4")}), 0,
		[]string{"source/default/1.mp4 source 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"time-lapse video, proxy of the same height first", Row{Type: "TimeLapseVideo", Filename: "GH010042.MP4", ItemCount: 1},
		manifest("GH010042.MP4", proxyFile, []string{variation("high_res_proxy_mp4/default/1.mp4", "high_res_proxy_mp4", "mp4", 2160, ""), chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GH010042.MP4"}}, // q2google took the proxy
	{"video at a height", Row{Type: "Video", Filename: "GX010042.MP4"},
		manifest("GX010042.MP4", proxyFile, append([]string{chapter(1, "")}, proxies...), nil), 1000,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"video at a height, tie", Row{Type: "Video", Filename: "GX010042.MP4"},
		manifest("GX010042.MP4", proxyFile, proxies, nil), 900,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"video at a height that the original is nearest to", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 2},
		manifest("GX010042.MP4", proxyFile, append([]string{chapter(1, part(1)), chapter(2, part(2))}, proxies...), nil), 4320,
		[]string{"source/default/1.mp4 source 1 GX010042.MP4 [GX010042000.MP4]", "source/default/2.mp4 source 2 GX020042.MP4"}},

	{"chapters by item_number, with concat", Row{Type: "Video", Filename: "GX010043.MP4", ItemCount: 3},
		manifest("GX010043.MP4", proxyFile, []string{variation("concat/default/1.mp4", "concat", "mp4", 2160, ""), chapter(1, part(1)), chapter(2, part(2)), chapter(3, part(3))}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GX010043.MP4", "source/default/2.mp4 source 2 GX020043.MP4", "source/default/3.mp4 source 3 GX030043.MP4"}},
	{"chapters by address, descending", Row{Type: "Video", Filename: "GOPR0043.MP4", ItemCount: 3},
		manifest("GOPR0043.MP4", proxyFile, []string{chapter(3, ""), chapter(2, ""), chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GOPR0043.MP4", "source/default/2.mp4 source 2 GP010043.MP4", "source/default/3.mp4 source 3 GP020043.MP4 [GOPR0043000.MP4]"}},
	{"chapters whose numbers are equal and whose addresses have none", Row{Type: "Video", Filename: "My film.mp4", ItemCount: 2},
		manifest("My film.mp4", proxyFile, []string{variation("source/b.mp4", "source", "mp4", 1080, part(1)), variation("source/a.mp4", "source", "mp4", 1080, part(1))}, nil), 0,
		[]string{"source/a.mp4 source 1 My film-1.mp4", "source/b.mp4 source 1 My film-2.mp4 [My film000.mp4]"}},
	{"one chapter missing", Row{Type: "Video", Filename: "GX010043.MP4", ItemCount: 4},
		manifest("GX010043.MP4", proxyFile, []string{chapter(1, part(1)), chapter(3, part(3)+`,"available":false`), chapter(4, part(4))}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GX010043.MP4 [GX010043000.MP4]", " source 2 GX020043.MP4 !incomplete", " source 3 GX030043.MP4 !incomplete", "source/default/4.mp4 source 4 GX040043.MP4"}},
	{"all chapters but one missing", Row{Type: "Video", Filename: "GX010043.MP4", ItemCount: 2},
		manifest("GX010043.MP4", proxyFile, []string{chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GX010043.MP4 [GX010043000.MP4]", " source 2 GX020043.MP4 !incomplete"}},
	{"looped video", Row{Type: "LoopedVideo", Filename: "GHAA0001.MP4", ItemCount: 2},
		manifest("GHAA0001.MP4", proxyFile, []string{chapter(1, part(1)), chapter(2, part(2))}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GHAA0001.MP4 [GHAA0001000.MP4]", "source/default/2.mp4 source 2 GHAA0002.MP4"}},

	{"burst", Row{Type: "Burst", Filename: "G0010101.JPG", ItemCount: 3, Height: 2736},
		manifest("G0010101.JPG", frames(3), []string{variation("source/default/1.jpg", "source", "jpg", 2736, "")}, []string{sidecar("zip/default/1.zip", "zip", "zip")}), 0,
		[]string{"source/default/1.jpg source 1 G0010101.JPG [G0010101000.JPG]", "source/default/2.jpg source 2 G0010102.JPG [G0010101001.JPG]",
			"source/default/3.jpg source 3 G0010103.JPG [G0010101002.JPG]"}},
	{"continuous, one frame short", Row{Type: "Continuous", Filename: "shot.JPG", ItemCount: 3, Height: 2736, State: "transcoding"},
		manifest("shot.JPG", frames(2), []string{variation("source/default/1.jpg", "source", "jpg", 2736, "")}, nil), 0,
		[]string{"source/default/1.jpg source 1 shot-1.JPG [shot000.JPG]", "source/default/2.jpg source 2 shot-2.JPG [shot001.JPG]", " source 3 shot-3.JPG !not_ready"}},
	{"time lapse with numbered sources", Row{Type: "TimeLapse", Filename: "G0029999.JPG", ItemCount: 2},
		manifest("G0029999.JPG", nil, []string{variation("source/default/2.jpg", "source", "jpg", 3000, part(2)), variation("source/default/1.jpg", "source", "jpg", 3000, part(1))}, nil), 0,
		[]string{"source/default/1.jpg source 1 G0029999.JPG", "source/default/2.jpg source 2 G0029999-2.JPG"}},
	{"time lapse of which only proxies are left", Row{Type: "TimeLapse", Filename: "G0020201.JPG", ItemCount: 2, Height: 3000},
		manifest("G0020201.JPG", []string{fileEntry("files/1.jpg", 1, 1440), fileEntry("files/2.jpg", 2, 1440)},
			[]string{variation("timelapse_video/1.mp4", "timelapse_video", "mp4", 3000, ""), variation("high_res_proxy_mp4/1.mp4", "high_res_proxy_mp4", "mp4", 1440, "")}, nil), 0,
		[]string{" source 1 G0020201.JPG !no_original", "files/1.jpg reduced 1 G0020201.JPG [G0020201000.JPG]", "files/2.jpg reduced 2 G0020202.JPG [G0020201001.JPG]"}},

	{"360 video", Row{Type: "Video", Filename: "GS010007.360", ItemCount: 1},
		manifest("GS010007.360", proxyFile, []string{variation("source/default/1.360", "source", "360", 1344, ""), variation("high_res_proxy_mp4/default/1.mp4", "high_res_proxy_mp4", "mp4", 1440, "")}, nil), 0,
		[]string{"source/default/1.360 source 1 GS010007.360"}},
	{"360 video at a height", Row{Type: "Video", Filename: "GS010007.360"},
		manifest("GS010007.360", proxyFile, []string{variation("source/default/1.360", "source", "360", 1344, ""), variation("high_res_proxy_mp4/default/1.mp4", "high_res_proxy_mp4", "mp4", 1440, "")}, nil), 1344,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GS010007.MP4 [GS010007000.360]"}},

	{"edit", Row{Type: "MultiClipEdit", Title: "Été 1/2", Extension: "json", ItemCount: 1, PlayAs: "edl"},
		manifest("", []string{fileEntry("baked_source/default/1.mp4", 1, 1080)}, []string{variation("baked_source/default/1.mp4", "baked_source", "mp4", 1080, "")},
			[]string{sidecar("edl_mce/default/1.json", "edl_mce", "json")}), 0,
		[]string{"baked_source/default/1.mp4 baked_source 1 Été 1_2.mp4 [000.]"}},
	{"edit named by file", Row{Type: "Edit", Filename: "v1.2 final.mp4"},
		manifest("v1.2 final.mp4", nil, []string{variation("baked_source/default/1.mp4", "baked_source", "mp4", 1080, "")}, nil), 0,
		[]string{"baked_source/default/1.mp4 baked_source 1 v1.2 final.mp4 [v1.2 final000.mp4]"}},
	{"edit project", Row{Type: "MultiClipEdit", Filename: "My_Edit.json", Extension: "json"},
		manifest("", nil, nil, []string{sidecar("edl_mce/default/1.json", "edl_mce", "json")}), 0,
		[]string{" baked_source 1 My_Edit.json !edit_project"}},

	{"source lost", Row{ID: "m", Type: "Video"},
		manifest("", proxyFile, proxies, nil), 0,
		[]string{" source 1 GoPro m !no_original"}},
	{"source lost, at a height", Row{ID: "m", Type: "Video"},
		manifest("", proxyFile, proxies, nil), 1080,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GoPro m.mp4 [000.]"}},
	{"source not there yet", Row{Type: "Video", Filename: "GX010042.MP4", State: "transcoding"},
		manifest("GX010042.MP4", nil, nil, nil), 0,
		[]string{" source 1 GX010042.MP4 !not_ready"}},
	{"source there before the proxies", Row{Type: "Video", Filename: "GX010042.MP4", State: "transcoding"},
		manifest("GX010042.MP4", nil, []string{chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"at a height, before the proxies", Row{Type: "Video", Filename: "GX010042.MP4", State: "transcoding"},
		manifest("GX010042.MP4", nil, []string{chapter(1, "")}, nil), 720,
		[]string{" source 1 GX010042.MP4 !not_ready"}},
	{"source away", Row{Type: "Video", Filename: "GX010042.MP4"},
		manifest("GX010042.MP4", nil, []string{chapter(1, `,"available":false`)}, nil), 0,
		[]string{" source 1 GX010042.MP4 !incomplete"}},
	{"source said to be there, nothing listed", Row{Type: "Video", Filename: "GX010042.MP4", Labels: []string{"source"}},
		manifest("GX010042.MP4", nil, nil, nil), 0,
		[]string{" source 1 GX010042.MP4 !incomplete"}},
	{"source said to be there, proxies listed", Row{Type: "Video", Filename: "GX010042.MP4", State: "ready", Labels: []string{"source", "mp4_low"}},
		manifest("GX010042.MP4", proxyFile, proxies, nil), 0,
		[]string{" source 1 GX010042.MP4 !incomplete"}},
	{"nothing listed", Row{Type: "Video", Filename: "GX010042.MP4", State: "ready"},
		manifest("GX010042.MP4", nil, nil, nil), 0,
		[]string{" source 1 GX010042.MP4 !incomplete"}},
	{"nothing listed of a failed upload", Row{Type: "Video", Filename: "GX010042.MP4", State: "failure"},
		manifest("GX010042.MP4", nil, nil, nil), 0,
		[]string{" source 1 GX010042.MP4 !no_original"}},
	{"RAW said to be there and not listed", Row{Type: "Photo", Filename: "GOPR0001.JPG", Labels: []string{"source", "raw_photo"}},
		manifest("GOPR0001.JPG", nil, []string{variation("source/default/1.jpg", "source", "jpg", 3000, "")}, nil), 0,
		[]string{"source/default/1.jpg source 1 GOPR0001.JPG", " raw_photo 1 GOPR0001.GPR !incomplete"}},
	{"sound", Row{Type: "Audio", Filename: "GX010042.WAV"},
		manifest("GX010042.WAV", nil, []string{variation("source/default/1.wav", "source", "wav", 0, "")}, nil), 0,
		[]string{" source 1 GX010042.WAV !unsupported_type"}},
	{"low-resolution companion, uploaded by hand", Row{Type: "Video", Filename: "GL010042.LRV"},
		manifest("GL010042.LRV", proxyFile, []string{chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GL010042.LRV"}},
	{"MOV of a phone", Row{Type: "ExternalVideo", Filename: "IMG_1.MOV"},
		manifest("IMG_1.MOV", proxyFile, []string{variation("source/default/1.mov", "source", "mov", 1080, "")}, nil), 0,
		[]string{"source/default/1.mov source 1 IMG_1.MOV"}},
}

func TestAssets(t *testing.T) { testShapes(t, shapes) }

func testShapes(t *testing.T, shapes []shape) {
	t.Helper()
	for _, tc := range shapes {
		m, err := decodeManifest([]byte(tc.manifest))
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		assets := Assets(tc.row, m, tc.height)
		checkAssets(t, tc.row, m, assets)
		var got []string
		for _, a := range assets {
			line := fmt.Sprintf("%s %s %d %s", strings.TrimPrefix(a.object(), "/0f3a/1234567890123456789/"), a.Label, a.Part, a.Name)
			if a.LegacyName != "" {
				line += " [" + a.LegacyName + "]"
			}
			if a.Refusal != nil {
				line += " !" + a.Refusal.Code
			}
			got = append(got, line)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// A long time lapse is one item per frame, and quickly so.
func TestAssetsOfLongSet(t *testing.T) {
	const n = 5000
	m, err := decodeManifest([]byte(manifest("G0010101.JPG", frames(n), nil, nil)))
	if err != nil {
		t.Fatal(err)
	}
	assets := Assets(Row{Type: "TimeLapse", Filename: "G0010101.JPG", ItemCount: n}, m, 0)
	if len(assets) != n || assets[n-1].Name != "G0015100.JPG" || assets[n-1].LegacyName != "G00101014999.JPG" {
		t.Errorf("%d assets, the last %q, %q", len(assets), assets[n-1].Name, assets[n-1].LegacyName)
	}
}

func TestMissingPartsAreBounded(t *testing.T) {
	m, err := decodeManifest([]byte(manifest("GX010042.MP4", nil, []string{chapter(1, part(1)), chapter(2000000000, part(2000000000))}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	assets := Assets(Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 2000000000}, m, 0)
	if len(assets) != maxMissing+2 {
		t.Errorf("%d assets, want %d", len(assets), maxMissing+2)
	}
}

func TestLegacyName(t *testing.T) {
	for _, tc := range []struct {
		filename string
		index    int
		want     string
	}{
		{"GX010001.MP4", 0, "GX010001000.MP4"},
		{"G0010001.JPG", 1, "G0010001001.JPG"},
		{"a.b.jpg", 1234, "a.b1234.jpg"},
		{"", 0, "000."},
		{"x", 0, "000.x"},
	} {
		if got := legacyName(tc.filename, tc.index); got != tc.want {
			t.Errorf("legacyName(%q, %d) = %q, want %q", tc.filename, tc.index, got, tc.want)
		}
	}
}

func TestItemSize(t *testing.T) {
	one, two := Asset{Entry: Entry{Part: 1, Label: labelSource}, Name: "a.jpg"}, Asset{Entry: Entry{Part: 2, Label: labelSource}, Name: "b.jpg"}
	raw := Asset{Entry: Entry{Part: 1, Label: labelRaw}, Name: "a.gpr"}
	film := Asset{Entry: Entry{Part: 1, Label: labelSource}, Name: "a.mp4"}
	for _, tc := range []struct {
		name   string
		row    Row
		assets []Asset
		want   []int64
	}{
		{"single", Row{FileSize: 7}, []Asset{one}, []int64{7}},
		{"said to be empty", Row{FileSize: 0, ItemCount: 1}, []Asset{one}, []int64{media.SizeUnknown}},
		{"unknown", Row{FileSize: media.SizeUnknown}, []Asset{one}, []int64{media.SizeUnknown}},
		{"RAW is not in the sum", Row{FileSize: 7}, []Asset{one, raw}, []int64{7, media.SizeUnknown}},
		{"two", Row{FileSize: 7}, []Asset{one, two}, []int64{media.SizeUnknown, media.SizeUnknown}},
		{"larger than any video", Row{FileSize: 25_000_000_000}, []Asset{film}, []int64{media.SizeUnknown}},
		{"a large video", Row{FileSize: 12_800_000_000}, []Asset{film}, []int64{12_800_000_000}},
		{"larger than any photo", Row{FileSize: 250_000_000}, []Asset{one}, []int64{media.SizeUnknown}},
		{"clips of an edit", Row{FileSize: 7, ItemCount: 12, Type: "Edit"}, []Asset{one}, []int64{7}},
		{"processed again", Row{FileSize: 7, Reprocessed: noon}, []Asset{one}, []int64{media.SizeUnknown}},
	} {
		var got []int64
		for _, item := range itemsOf(tc.row, tc.assets) {
			got = append(got, item.Size)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
