package gopro

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// TestRelistResolvesOnlyWhatChanged: what is known costs the page it stands on.
func TestRelistResolvesOnlyWhatChanged(t *testing.T) {
	const n = 250
	for _, tc := range []struct {
		name     string
		change   func(*cloud)
		resolved []string
	}{
		{"nothing", func(*cloud) {}, nil},
		{"a late upload", func(c *cloud) {
			r := row("late")
			r["captured_at"], r["created_at"] = "2025-06-01T09:11:05Z", "2025-07-01T00:00:00Z"
			c.rows = append([]map[string]any{r}, c.rows...)
			c.manifests["late"] = photo("late")
		}, []string{"late"}},
		{"a frame more", set("m0100", "item_count", 2), []string{"m0100"}},
		{"another size", set("m0100", "file_size", 9), []string{"m0100"}},
		{"another state", set("m0100", "ready_to_view", "transcoding"), []string{"m0100"}},
		{"uploaded anew", set("m0100", "created_at", "2025-07-01T00:00:00Z"), []string{"m0100"}},
		{"updated", set("m0100", "updated_at", "2025-07-01T00:00:00Z"), []string{"m0100"}},
		{"a RAW file more", set("m0100", "available_labels", []string{"source", "raw_photo"}), []string{"m0100"}},
		{"labels in another order", func(c *cloud) {
			for _, r := range c.rows {
				r["available_labels"] = []string{"large", "source"}
			}
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cl, asked := troubled(t, n, func(string, http.ResponseWriter) bool { return false })
			for _, r := range cl.rows {
				r["available_labels"] = []string{"source", "large"}
			}
			known := map[string]string{}
			items, err := listItems(t, newTestSource(t, cl), media.Window{})
			if err != nil || len(items) != n {
				t.Fatalf("%d items, %v", len(items), err)
			}
			for _, item := range items {
				known[item.ID.Medium] = item.Revision
			}
			tc.change(cl)
			clear(asked)
			cl.searches, cl.requests = nil, 0
			o := station.ListOptions{Known: func(medium, revision string) bool { return known[medium] == revision }}
			listed := map[string]bool{}
			for item, err := range newTestSource(t, cl).Relist(t.Context(), o) {
				if err != nil {
					t.Fatal(err)
				}
				listed[item.ID.Medium] = true
			}
			if got := slices.Sorted(maps.Keys(listed)); !slices.Equal(got, tc.resolved) {
				t.Errorf("listed %v, want %v", got, tc.resolved)
			}
			if len(cl.searches) != 3 || len(asked) != len(tc.resolved) {
				t.Errorf("%d searches and %d manifests, want 3 and %d", len(cl.searches), len(asked), len(tc.resolved))
			}
		})
	}
}

func set(id, member string, value any) func(*cloud) {
	return func(c *cloud) {
		for _, r := range c.rows {
			if r["id"] == id {
				r[member] = value
			}
		}
	}
}

// TestRelistLeavesOutOtherTypes, unless a medium of the type may have files of
// the type that is wanted.
func TestRelistLeavesOutOtherTypes(t *testing.T) {
	cl, asked := troubled(t, 4, func(string, http.ResponseWriter) bool { return false })
	for i, typ := range []string{"Photo", "Video", "Burst", "Edit"} {
		cl.rows[i]["type"] = typ
	}
	for item, err := range newTestSource(t, cl).Relist(t.Context(), station.ListOptions{Wants: media.Filter{Types: []string{"video"}}.TakesType}) {
		if err != nil {
			t.Fatal(item, err)
		}
	}
	if got := strings.Join(slices.Sorted(maps.Keys(asked)), " "); got != "m0001 m0002 m0003" {
		t.Errorf("resolved %s, want all but the photo", got)
	}
}

// TestWhatIsNotResolvedIsNotMarked: a mark says that the files are known.
func TestWhatIsNotResolvedIsNotMarked(t *testing.T) {
	cl, _ := troubled(t, 2, func(id string, w http.ResponseWriter) bool {
		if id == "m0001" {
			writeJSON(w, 400, "{}")
		}
		return id == "m0001"
	})
	items, err := listItems(t, newTestSource(t, cl), media.Window{})
	if err != nil || len(items) != 2 || items[0].Revision == "" || items[1].Revision != "" {
		t.Errorf("%+v, %v", items, err)
	}
}
