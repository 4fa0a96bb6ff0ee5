package gopro

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// fullRow is a row with all that may describe a medium, and with what only its
// owner may see.
const fullRow = `{"id":"m1","type":"Photo","filename":"GOPR0001.JPG","file_size":1,"captured_at":"2025-06-01T09:11:05Z",
"created_at":"2025-06-01T22:03:18Z","ready_to_view":"ready","camera_model":"HERO11 Black","content_title":"Été 1/2","content_description":"A lake",
"location":{"lat":46.5,"lng":-7.25,"alt":372},"tags":["lake",null],"fov":"wide","mce_type":null,"moments_count":3,
"token":"eyJhbGciOiJIUzI1NiJ9.eyJtIjoxfQ.SECRET","gopro_user_id":"USER","source_url":"https://cdn/SECRET",
"note":"see https://cdn/x?Signature=SECRET","deep":{"access_token":"SECRET","kept":1,"list":["https://me:SECRET@host/"]}}`

// tellingCloud answers a listing and records with fullRow.
func tellingCloud(records *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/search"):
			writeJSON(w, http.StatusOK, `{"_embedded":{"media":[`+fullRow+`]},"_pages":{"current_page":1,"per_page":100,"total_items":1,"total_pages":1}}`)
		case strings.HasSuffix(r.URL.Path, "/download"):
			writeJSON(w, http.StatusOK, manifest("GOPR0001.JPG", []string{fileEntry("source/default/1.jpg", 1, 3000)}, nil, nil))
		default:
			if *records++; !strings.Contains(r.URL.Query().Get("fields"), "content_description") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			writeJSON(w, http.StatusOK, fullRow)
		}
	}
}

func TestDescribe(t *testing.T) {
	asked := 0
	for _, ahead := range []bool{true, false} {
		s := newTestSource(t, tellingCloud(&asked))
		asked = 0
		var items []media.Item
		for item, err := range s.Relist(t.Context(), station.ListOptions{Describe: ahead}) {
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, item)
		}
		for range 2 {
			d, err := s.Describe(t.Context(), items[0])
			if err != nil {
				t.Fatal(err)
			}
			if d.Title != "Été 1/2" || d.Text != "A lake" || d.Maker != "GoPro" || d.Place == nil || d.Place.Longitude != -7.25 || *d.Place.Altitude != 372 {
				t.Errorf("described as %+v", d)
			}
			for _, secret := range []string{"SECRET", "USER", "null"} {
				if strings.Contains(string(d.Record), secret) {
					t.Errorf("%s is in the record %s", secret, d.Record)
				}
			}
			var record map[string]any
			if json.Unmarshal(d.Record, &record) != nil || record["fov"] != "wide" || fmt.Sprint(record["deep"]) != "map[kept:1 list:[]]" || fmt.Sprint(record["tags"]) != "[lake]" {
				t.Errorf("the record is %s", d.Record)
			}
		}
		if want := map[bool]int{true: 0, false: 1}[ahead]; asked != want {
			t.Errorf("listed for descriptions %t: %d requests for records, want %d", ahead, asked, want)
		}
	}
}

// TestRecordsAreBounded: what does not fit is asked for.
func TestRecordsAreBounded(t *testing.T) {
	var r records
	d := described{record: make(json.RawMessage, station.MostRecord)}
	for n := range 2 * mostRecords / station.MostRecord {
		r.put(fmt.Sprint(n), d)
	}
	if _, first := r.get("0"); !first || r.size > mostRecords || len(r.by) < mostRecords/station.MostRecord-1 {
		t.Errorf("%d records of %d bytes are kept, the first one: %t", len(r.by), r.size, first)
	}
	if recordOf([]byte(`{"id":"`+strings.Repeat("x", station.MostRecord)+`"}`)) != nil {
		t.Error("a record beyond its bound is kept")
	}
	if recordOf([]byte(`{"id":[`+strings.Repeat("1,", rowLimits.Values)+`1]}`)) != nil {
		t.Error("a record of too many values is kept")
	}
}

func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		`{"latitude":1,"longitude":2}`: "1 2", `{"lat":1.5,"lon":-2}`: "1.5 -2", `{"lat":"1","lon":2}`: "", `{"lat":1}`: "", `"Bern"`: "", `null`: "",
	} {
		got := ""
		if p := placeOf(objectOf([]byte(text))); p != nil {
			got = fmt.Sprint(p.Latitude, " ", p.Longitude)
		}
		if got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
