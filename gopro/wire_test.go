package gopro

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
)

func TestRow(t *testing.T) {
	at := time.Date(2025, 6, 1, 9, 12, 33, 0, time.UTC)
	long := strings.Repeat("v", media.MaxText+1)
	for _, tc := range []struct {
		name, json string
		want       Row
	}{
		{"usual", `{"id":"k7Q","type":"Video","filename":"GX010042.MP4","file_extension":"mp4","captured_at":"2025-06-01T09:12:33Z",
			"file_size":4012810867,"item_count":3,"width":3840,"height":2160,"ready_to_view":"ready","available_labels":["source","large"],"token":"t"}`,
			Row{ID: "k7Q", Type: "Video", Filename: "GX010042.MP4", Extension: "mp4", CapturedAt: at, FileSize: 4012810867, ItemCount: 3,
				Width: 3840, Height: 2160, State: "ready", Labels: []string{"source", "large"}, ThumbnailToken: "t"}},
		{"nulls", `{"id":"a","filename":null,"file_size":null,"item_count":null,"captured_at":null,"available_labels":null}`,
			Row{ID: "a", FileSize: media.SizeUnknown}},
		{"other types", `{"id":12,"type":["Video"],"filename":{},"file_size":"123","item_count":"2","width":2.0,"height":-3,
			"captured_at":"2025-06-01 11:12:33","updated_at":"2025-06-01T11:12:33+0200","created_at":1748769153,"available_labels":["source",null,7]}`,
			Row{ID: "12", FileSize: 123, ItemCount: 2, Width: 2, CapturedAt: at.Add(2 * time.Hour), UpdatedAt: at, Labels: []string{"source"}}},
		{"a year beyond all bounds", `{"id":"a","captured_at":"9999-12-31T23:59:59-01:00","created_at":"0000-06-01T00:00:00Z","updated_at":"0001-01-01T00:30:00+01:00"}`,
			Row{ID: "a", FileSize: media.SizeUnknown}},
		{"the last second", `{"id":"a","captured_at":"9999-12-31T23:59:59Z"}`,
			Row{ID: "a", FileSize: media.SizeUnknown, CapturedAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}},
		{"texts beyond all bounds", `{"id":"a","type":"` + long + `","camera_model":"` + long + `","captured_at_timezone":"` + long + `","file_extension":"` + long +
			`","ready_to_view":"` + long + `","play_as":"` + long + `","content_title":"` + long + `","available_labels":["source"]}`,
			Row{ID: "a", FileSize: media.SizeUnknown, Labels: []string{"source"}}},
		{"zero size", `{"id":"a","file_size":0}`, Row{ID: "a"}},
		{"absurd numbers", `{"id":"a","file_size":1e300,"item_count":99999999999}`, Row{ID: "a", FileSize: media.SizeUnknown}},
		{"no object", `["id"]`, Row{FileSize: media.SizeUnknown}},
	} {
		var got Row
		if err := json.Unmarshal([]byte(tc.json), &got); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestDecodePage(t *testing.T) {
	p, err := decodePage([]byte(`{"_embedded":{"errors":7,"media":[{"id":"a"},null,{"id":"b","width":{}}]},"_pages":{"current_page":1,"per_page":"50","total_items":3}}`), false)
	if err != nil || len(p.Rows) != 3 || p.Rows[2].ID != "b" || p.PerPage != 50 || p.TotalItems != 3 {
		t.Errorf("decodePage = %+v, %v", p, err)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"error":"x"}`, `{"_embedded":{"media":[]}}`, `{"_embedded":{"media":[]},"_pages":{"total_items":-1}}`, `{"_embedded":`} {
		if p, err := decodePage([]byte(bad), false); err == nil {
			t.Errorf("decodePage(%s) = %+v, want an error", bad, p)
		}
	}
}

func TestDecodeManifest(t *testing.T) {
	m, err := decodeManifest([]byte(`{"filename":null,"_embedded":{"files":{},"variations":[{"url":"u","label":"source","type":"mp4","item_number":null,"available":"false","fps":59.94},
		{"url":null,"urls":["v"],"head":"h","available":null}]}}`))
	want := Manifest{Variations: []Entry{{URL: "u", Label: "source", Type: "mp4"}, {URL: "v", Available: true}}}
	if diff := cmp.Diff(want, m, cmp.AllowUnexported(Manifest{}, Entry{})); err != nil || diff != "" {
		t.Errorf("decodeManifest: %v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{``, `null`, `{"filename":"x"}`, `{"_embedded":[]}`} {
		if m, err := decodeManifest([]byte(bad)); err == nil {
			t.Errorf("decodeManifest(%s) = %+v, want an error", bad, m)
		}
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	var out strings.Builder
	e := Entry{URL: "https://cdn/SECRET", Label: "source"}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "entry", e, "asset", Asset{Entry: e}, "manifest", Manifest{Files: []Entry{e}},
		"row", Row{ID: "m", ThumbnailToken: "SECRET"}, "options", Options{Token: "SECRET"}, "oauth", OAuth{ClientSecret: "SECRET"},
		"tokens", TokenPair{Access: "SECRET", Refresh: "SECRET"})
	if strings.Contains(out.String(), "SECRET") || !strings.Contains(out.String(), `"label":"source"`) {
		t.Error(out.String())
	}
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"_embedded":{"media":[{"id":"a","file_size":"1","captured_at":"2025-06-01T09:12:33Z","available_labels":["x"]}]},"_pages":{"per_page":1.0,"total_items":1}}`))
	f.Add([]byte(`{"_embedded":{"media":[[],{},"",null,1]},"_pages":{"total_items":"5"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePage(b, false)
		if err == nil && (p.TotalItems < 0 || p.PerPage < 0 || p.Number < 0) {
			t.Errorf("%s: %+v", b, p)
		}
		for _, r := range p.Rows {
			if r.FileSize < media.SizeUnknown || r.ItemCount < 0 || r.Width < 0 || r.Height < 0 {
				t.Errorf("%s: %+v", b, r)
			}
		}
	})
}

// checkAssets asserts what holds for the assets of any medium.
func checkAssets(t *testing.T, row Row, m Manifest, assets []Asset) {
	t.Helper()
	if len(assets) == 0 {
		t.Error("a medium without assets")
	}
	offered := carriable(m, isPhoto(row.Type, "."+row.Extension))
	seen := make(map[media.ID]bool)
	for _, a := range assets {
		id := itemID(row.ID, a.Entry)
		if seen[id] {
			t.Errorf("two assets are %s", id.Key())
		}
		seen[id] = true
		if (a.URL == "") != (a.Refusal != nil) {
			t.Errorf("%s: URL %q, refusal %v", id.Key(), a.URL, a.Refusal)
		}
		if a.Name == "" || a.Name != media.SafeName(a.Name) {
			t.Errorf("%s has unsafe name %q", id.Key(), a.Name)
		}
		if a.Part < 1 {
			t.Errorf("%s has no part", id.Key())
		}
		if a.Refusal == nil && !slices.ContainsFunc(offered, func(e Entry) bool { return itemID(row.ID, e) == id && e.URL == a.URL }) {
			t.Errorf("%s cannot be found again", id.Key())
		}
	}
}

func FuzzManifest(f *testing.F) {
	for _, s := range shapes {
		f.Add([]byte(s.manifest), s.row.Type, s.row.ItemCount, s.height)
	}
	f.Fuzz(func(t *testing.T, b []byte, kind string, count, height int) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		row := Row{ID: "m", Type: kind, ItemCount: count & 0xfff, Extension: "jpg", Filename: fmt.Sprintf("G001%04d.JPG", count&0xfff)}
		checkAssets(t, row, m, Assets(row, m, height))
	})
}
