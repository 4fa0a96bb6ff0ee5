package gopro

import (
	"fmt"
	"testing"

	"github.com/gondola-sync/gondola/media"
)

// sized is an entry of files of a size.
func sized(n, width, height int) string {
	return fmt.Sprintf(`{"url":%q,"camera_position":"default","item_number":%d,"width":%d,"height":%d,"orientation":6}`,
		signed(fmt.Sprintf("source/default/%d.jpg", n)), n, width, height)
}

func numberedFrames(first, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fileEntry(fmt.Sprintf("source/default/%d.jpg", first+i), first+i, 2736))
	}
	return all
}

func oneProxyPerChapter(height int, numbers ...int) []string {
	var all []string
	for _, n := range numbers {
		all = append(all, variation(fmt.Sprintf("high_res_proxy_mp4/default/%d.mp4", n), "high_res_proxy_mp4", "mp4", height, part(n)))
	}
	return all
}

var threeChapters = []string{chapter(1, part(1)), chapter(2, part(2)), chapter(3, part(3))}

var oddShapes = []shape{
	{"a proxy of each chapter", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 3},
		manifest("GX010042.MP4", proxyFile, append(oneProxyPerChapter(1080, 3, 1, 2), threeChapters...), nil), 1080,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4", "high_res_proxy_mp4/default/2.mp4 high_res_proxy_mp4 2 GX020042.MP4",
			"high_res_proxy_mp4/default/3.mp4 high_res_proxy_mp4 3 GX030042.MP4 [GX010042000.MP4]"}},
	{"a proxy of two chapters of three", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 3},
		manifest("GX010042.MP4", proxyFile, append(oneProxyPerChapter(1080, 1, 3), threeChapters...), nil), 1080,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4 [GX010042000.MP4]", " high_res_proxy_mp4 2 GX020042.MP4 !incomplete",
			"high_res_proxy_mp4/default/3.mp4 high_res_proxy_mp4 3 GX030042.MP4"}},
	{"a last chapter of another height", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 2},
		manifest("GX010042.MP4", proxyFile, append(append(oneProxyPerChapter(1080, 1), oneProxyPerChapter(720, 2)...), threeChapters[:2]...), nil), 1080,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4 [GX010042000.MP4]", "high_res_proxy_mp4/default/2.mp4 high_res_proxy_mp4 2 GX020042.MP4"}},
	{"one proxy of all chapters", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 3},
		manifest("GX010042.MP4", proxyFile, append(proxies, threeChapters...), nil), 1080,
		[]string{"high_res_proxy_mp4/default/1.mp4 high_res_proxy_mp4 1 GX010042.MP4 [GX010042000.MP4]"}},

	{"turned frames", Row{Type: "Burst", Filename: "G0010101.JPG", ItemCount: 2, Width: 3000, Height: 4000},
		manifest("G0010101.JPG", []string{sized(1, 4000, 3000), sized(2, 4000, 3000)}, nil, nil), 0,
		[]string{"source/default/1.jpg source 1 G0010101.JPG [G0010101000.JPG]", "source/default/2.jpg source 2 G0010102.JPG [G0010101001.JPG]"}},
	{"a border cut off", Row{Type: "Photo", Filename: "GOPR0001.JPG", Width: 5568, Height: 4872},
		manifest("GOPR0001.JPG", []string{sized(1, 5568, 4868)}, nil, nil), 0, []string{"source/default/1.jpg source 1 GOPR0001.JPG [GOPR0001000.JPG]"}},
	{"a panorama", Row{Type: "Photo", Filename: "GOPR0001.JPG", Width: 4000, Height: 3000},
		manifest("GOPR0001.JPG", []string{sized(1, 8000, 1500)}, nil, nil), 0, []string{"source/default/1.jpg source 1 GOPR0001.JPG [GOPR0001000.JPG]"}},
	{"a photo of half the size", Row{Type: "Photo", Filename: "GOPR0001.JPG", Width: 4000, Height: 3000},
		manifest("GOPR0001.JPG", []string{sized(1, 2000, 1500)}, nil, nil), 0,
		[]string{" source 1 GOPR0001.JPG !no_original", "source/default/1.jpg reduced 1 GOPR0001.JPG [GOPR0001000.JPG]"}},

	{"twelve clips in an edit", Row{Type: "MultiClipEdit", Title: "Trip", Extension: "json", ItemCount: 12, PlayAs: "edl"},
		manifest("", nil, []string{variation("baked_source/default/1.mp4", "baked_source", "mp4", 1080, "")}, nil), 0,
		[]string{"baked_source/default/1.mp4 baked_source 1 Trip.mp4"}},
	{"frames 5 to 9 of 5", Row{Type: "TimeLapse", Filename: "G0010105.JPG", ItemCount: 5},
		manifest("G0010105.JPG", numberedFrames(5, 5), nil, nil), 0,
		[]string{"source/default/5.jpg source 5 G0010105.JPG [G0010105000.JPG]", "source/default/6.jpg source 6 G0010106.JPG [G0010105001.JPG]",
			"source/default/7.jpg source 7 G0010107.JPG [G0010105002.JPG]", "source/default/8.jpg source 8 G0010108.JPG [G0010105003.JPG]",
			"source/default/9.jpg source 9 G0010109.JPG [G0010105004.JPG]"}},
	{"frames from 8001, not counted", Row{Type: "TimeLapse", Filename: "G0010001.JPG"},
		manifest("G0010001.JPG", numberedFrames(8001, 2), nil, nil), 0,
		[]string{"source/default/8001.jpg source 8001 G0010001.JPG [G0010001000.JPG]", "source/default/8002.jpg source 8002 G0010002.JPG [G0010001001.JPG]"}},
	{"a hole between frames, not counted", Row{Type: "TimeLapse", Filename: "G0010001.JPG"},
		manifest("G0010001.JPG", append(numberedFrames(1, 2), numberedFrames(4, 1)...), nil, nil), 0,
		[]string{"source/default/1.jpg source 1 G0010001.JPG [G0010001000.JPG]", "source/default/2.jpg source 2 G0010002.JPG [G0010001001.JPG]",
			" source 3 G0010003.JPG !incomplete", "source/default/4.jpg source 4 G0010004.JPG [G0010001002.JPG]"}},
	{"a frame deleted and no longer counted", Row{Type: "TimeLapse", Filename: "G0010001.JPG", ItemCount: 2},
		manifest("G0010001.JPG", append(numberedFrames(1, 1), numberedFrames(3, 1)...), nil, nil), 0,
		[]string{"source/default/1.jpg source 1 G0010001.JPG [G0010001000.JPG]", "source/default/3.jpg source 3 G0010003.JPG [G0010001001.JPG]"}},
	{"one file of two that have no number", Row{Type: "Video", Filename: "GX010042.MP4", ItemCount: 2},
		manifest("GX010042.MP4", nil, []string{at("o/5f0c.mp4", 0, "")}, nil), 0,
		[]string{" source 2 GX020042.MP4 !incomplete", "o/5f0c.mp4 source 1 GX010042.MP4 [GX010042000.MP4]"}},

	{"an unknown suffix of the address", Row{Type: "Video", Filename: "GX010042.MP4"},
		manifest("GX010042.MP4", nil, []string{variation("source/default/1.bin", "source", "", 2160, "")}, nil), 0,
		[]string{"source/default/1.bin source 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"an unknown type", Row{Type: "Video", Filename: "GX010042.MP4"},
		manifest("GX010042.MP4", nil, []string{variation("source/default/1", "source", "video", 2160, "")}, nil), 0,
		[]string{"source/default/1 source 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"a 360 video in an MP4 container", Row{Type: "Video", Filename: "GS010007.360"},
		manifest("GS010007.360", proxyFile, []string{variation("source/default/1.mp4", "source", "mp4", 1344, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GS010007.360"}},
	{"a live recording that is there", Row{Type: "Livestream", Filename: "GX010042.MP4", State: "live"},
		manifest("GX010042.MP4", nil, []string{chapter(1, "")}, nil), 0,
		[]string{"source/default/1.mp4 source 1 GX010042.MP4 [GX010042000.MP4]"}},
	{"a live recording that goes on", Row{Type: "Livestream", Filename: "GX010042.MP4", State: "live"},
		manifest("GX010042.MP4", nil, nil, nil), 0, []string{" source 1 GX010042.MP4 !not_ready"}},
}

func TestOddManifests(t *testing.T) { testShapes(t, oddShapes) }

// TestAThousandFramesFromAnyNumber has no phantoms.
func TestAThousandFramesFromAnyNumber(t *testing.T) {
	for _, count := range []int{0, 1000} {
		m, err := decodeManifest([]byte(manifest("G0010001.JPG", numberedFrames(8001, 1000), nil, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range Assets(Row{Type: "TimeLapse", Filename: "G0010001.JPG", ItemCount: count}, m, 0) {
			if a.Refusal != nil || i >= 1000 || a.Name != fmt.Sprintf("G001%04d.JPG", i+1) {
				t.Fatalf("of %d: asset %d is %q, %v", count, i, a.Name, a.Refusal)
			}
		}
	}
}

// TestALiveMediumIsAskedFor: its state alone does not say whether its file is there.
func TestALiveMediumIsAskedFor(t *testing.T) {
	r := row("m")
	r["ready_to_view"], r["type"] = "live", "Livestream"
	cl := emulated(t, &cloud{rows: []map[string]any{r}, manifests: map[string]string{"m": photo("m")}})
	items, err := listItems(t, newTestSource(t, cl), media.Window{})
	if err != nil || len(items) != 1 || items[0].Refusal != nil {
		t.Errorf("%+v, %v", items, err)
	}
}
