package gphotos

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

func TestInspect(t *testing.T) {
	s := newService(t)
	video := func(id, status string) MediaItem {
		return MediaItem{ID: id, Filename: id + ".MP4", MIMEType: "video/mp4",
			Metadata: &Metadata{Width: 3840, Height: 2160, Video: &VideoMetadata{Status: status}}}
	}
	answers := []MediaItem{
		{ID: "photo", Filename: "a.jpg", MIMEType: "image/jpeg", Metadata: &Metadata{Width: 4000, Height: 3000, Photo: &PhotoMetadata{}}},
		video("ready", "READY"), video("new", "PROCESSING"), video("bad", "FAILED"), video("odd", "UNSPECIFIED"),
		{ID: "bare", MIMEType: "video/mp4"}, {ID: "untold"},
	}
	s.before = func(_ int, _ string, w http.ResponseWriter, r *http.Request) bool {
		var results []map[string]any
		for _, id := range r.URL.Query()["mediaItemIds"] {
			if i := slices.IndexFunc(answers, func(m MediaItem) bool { return m.ID == id }); i >= 0 {
				results = append(results, map[string]any{"mediaItem": answers[i]})
			} else {
				results = append(results, map[string]any{"status": rpcStatus{3, "Invalid media item ID."}})
			}
		}
		return json.NewEncoder(w).Encode(map[string]any{"mediaItemResults": results}) == nil
	}
	held := func(id string, r station.Readiness) *station.RemoteItem {
		return &station.RemoteItem{Name: id + ".MP4", MIME: "video/mp4", Kind: media.Video, Width: 3840, Height: 2160, Readiness: r}
	}
	want := []*station.RemoteItem{
		held("bad", station.Unusable), nil, held("ready", station.Ready), held("new", station.Processing), held("odd", station.Processing),
		{MIME: "video/mp4", Kind: media.Video, Readiness: station.Processing},
		{Name: "a.jpg", MIME: "image/jpeg", Kind: media.Photo, Width: 4000, Height: 3000, Readiness: station.Ready},
		{Readiness: station.Ready},
	}
	got, err := s.destination(Options{}).Inspect(t.Context(), []string{"bad", "nowhere", "ready", "new", "odd", "bare", "photo", "untold"})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Inspect: %v (-want +got):\n%s", err, diff)
	}
	if len(s.log) != 1 {
		t.Errorf("requests: %q, want one", s.log)
	}
}
