package gopro

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// relistCarried lists rows of which an earlier program carried some names.
func relistCarried(t *testing.T, c *cloud, addresses map[string]string) (items []media.Item) {
	t.Helper()
	o := station.ListOptions{Carried: func(name string) (string, bool) {
		address, ok := addresses[name]
		return address, ok
	}}
	for item, err := range newTestSource(t, c).Relist(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// TestWhatQ2googleCarriedIsNotResolved: of 60 media of which 10 are left, 10 are
// resolved; and what is listed without a manifest is what the manifest would tell.
func TestWhatQ2googleCarriedIsNotResolved(t *testing.T) {
	c, asked := troubled(t, 60, func(string, http.ResponseWriter) bool { return false })
	carried := map[string]string{}
	for i, r := range c.rows {
		id := r["id"].(string)
		name, file, typ, ext := "GOPR"+id[1:]+".JPG", "jpg", "Photo", ".JPG"
		if i%4 == 3 {
			name, file, typ, ext = "GX01"+id[1:]+".MP4", "mp4", "Video", ".MP4"
		}
		r["type"], r["filename"], r["file_extension"], r["item_count"] = typ, name, file, 1
		r["width"], r["height"] = 1, 3000
		r["available_labels"] = []string{"source", "large"}
		object := id + "/source/default/1." + file
		whole := fmt.Sprintf(`{"url":%q,"head":"h","item_number":1,"width":1,"height":3000}`, signed(object))
		c.manifests[id] = manifest(name, []string{whole}, []string{variation(object, "source", file, 3000, "")}, nil)
		if i >= 10 {
			carried[strings.TrimSuffix(name, ext)+"000"+ext] = ""
		}
	}
	want, err := listItems(t, newTestSource(t, c), media.Window{})
	if err != nil {
		t.Fatal(err)
	}
	clear(asked)
	got := relistCarried(t, c, carried)
	if len(asked) != 10 {
		t.Errorf("%d media were resolved, want the 10 that are left: %v", len(asked), slices.Sorted(maps.Keys(asked)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listed differently without manifests (-resolved +from rows):\n%s", diff)
	}
}

// TestWhatRowsDoNotTellIsResolved: a name alone does not prove that all of a
// medium was carried.
func TestWhatRowsDoNotTellIsResolved(t *testing.T) {
	const cdn = "https://cdn.example/user/123/"
	original := cdn + "source/default/1.mp4?Signature=x"
	video := func(change map[string]any) map[string]any {
		r := row("m")
		r["type"], r["filename"], r["file_extension"], r["item_count"] = "Video", "GX010042.MP4", "mp4", 1
		r["available_labels"] = []string{"source", "high_res_proxy_mp4", "mp4_low"}
		maps.Copy(r, change)
		return r
	}
	for _, tc := range []struct {
		name     string
		row      map[string]any
		carried  string // name
		address  string
		resolved bool
	}{
		{"the original", video(nil), "GX010042000.MP4", original, false},
		{"not carried", video(nil), "GX010043000.MP4", original, true},
		{"a proxy", video(nil), "GX010042000.MP4", cdn + "high_res_proxy_mp4/default/1.mp4", true},
		{"another chapter", video(nil), "GX010042000.MP4", cdn + "source/default/2.mp4", true},
		{"an address that says nothing", video(nil), "GX010042000.MP4", "https://cdn.example/v/GX010042.MP4?Signature=x", true},
		{"no other rendition", video(map[string]any{"available_labels": []string{"source", "mp4_low"}}), "GX010042000.MP4", "", false},
		{"joined by the cloud", video(map[string]any{"available_labels": []string{"source", "concat"}}), "GX010042000.MP4", "", true},
		{"chapters", video(map[string]any{"item_count": 2}), "GX010042000.MP4", original, true},
		{"uncounted", video(map[string]any{"item_count": nil}), "GX010042000.MP4", original, true},
		{"an original that is not there", video(map[string]any{"available_labels": []string{"high_res_proxy_mp4"}}), "GX010042000.MP4", original, true},
		{"busy", video(map[string]any{"ready_to_view": "transcoding"}), "GX010042000.MP4", original, true},
		{"a 360 video", video(map[string]any{"filename": "GS010042.360", "file_extension": "360"}), "GS010042000.360", original, true},
		{"an edit", video(map[string]any{"type": "MultiClipEdit"}), "GX010042000.MP4", original, true},
		{"without a name", video(map[string]any{"filename": ""}), "000.", original, true},
		{"a photo", video(map[string]any{"type": "Photo", "filename": "GOPR1.JPG", "file_extension": "jpg"}), "GOPR1000.JPG", "", false},
		{"a RAW photo", video(map[string]any{"type": "Photo", "filename": "GOPR1.JPG", "file_extension": "jpg",
			"available_labels": []string{"source", "raw_photo"}}), "GOPR1000.JPG", "", true},
		{"a burst of one", video(map[string]any{"type": "Burst", "filename": "G0010001.JPG", "file_extension": "jpg"}), "G0010001000.JPG", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := emulated(t, &cloud{rows: []map[string]any{tc.row}, manifests: map[string]string{"m": photo("m")}})
			relistCarried(t, c, map[string]string{tc.carried: tc.address})
			if resolved := c.requests > len(c.searches); resolved != tc.resolved {
				t.Errorf("resolved: %v, want %v", resolved, tc.resolved)
			}
		})
	}
}

// TestARenditionIsAlwaysResolved: with a height, only the manifest tells which
// rendition of a video is taken.
func TestARenditionIsAlwaysResolved(t *testing.T) {
	r := row("m")
	r["type"], r["filename"], r["file_extension"], r["item_count"] = "Video", "GX010042.MP4", "mp4", 1
	r["available_labels"] = []string{"source"}
	c := emulated(t, &cloud{rows: []map[string]any{r}, manifests: map[string]string{"m": photo("m")}})
	s, err := NewSource(newTestClient(t, c), SourceOptions{Quality: "1080"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Relist(t.Context(), station.ListOptions{Carried: func(string) (string, bool) { return "", true }}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if c.requests == len(c.searches) {
		t.Error("listed from its row")
	}
}
