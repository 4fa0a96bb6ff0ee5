package q2google

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// An adoption may end after any of its writes: what is read then, and adopted
// again, leads to the same session.
func TestAdoptionMayEndAnywhere(t *testing.T) {
	read := func(m *driver.Memory) *Session {
		t.Helper()
		d := &state.Document{}
		s, err := Codec{}.DecodeSession(m.Header.Document)
		if err != nil {
			t.Fatal(err)
		}
		d.Session = s
		for _, row := range m.Rows {
			it, err := Codec{}.DecodeItem(row.Document)
			if err != nil {
				t.Fatal(err)
			}
			d.Items = append(d.Items, it)
		}
		for _, row := range m.Batches {
			b, err := Codec{}.DecodeBatch(row.Document)
			if err != nil {
				t.Fatal(err)
			}
			d.Batches = append(d.Batches, b)
		}
		adopted, err := Read(d, Ours(m.Header.Document))
		if err != nil {
			t.Fatal(err)
		}
		return adopted
	}
	item := func(seq int64, name, create string) driver.Row {
		return driver.Row{Seq: seq, Name: name, Document: []byte(`{"file_name": "` + name + `", "discovery_status": "completed", "transfer_status": "completed", "create_status": "` + create + `", "upload_token": "` + name + `"}`)}
	}
	theirs := &driver.Memory{
		Header: driver.Header{ID: "s", Document: []byte(`{"session_id": "s", "updated_at": "2026-01-31T08:21:07+00:00"}`)},
		Rows:   []driver.Row{item(1, "a", "completed"), item(2, "b", "completed"), item(3, "c", "pending")},
		Batches: []driver.Batch{
			{Index: 0, Document: []byte(`{"batch_index": 0, "status": "completed", "file_names": ["a", "b"], "responses_json": ["{\"newMediaItemResults\": [{\"uploadToken\": \"a\", \"mediaItem\": {\"id\": \"A\"}}, {\"uploadToken\": \"b\", \"status\": {\"code\": 3}}]}"]}`)},
			{Index: 1, Document: []byte(`{"batch_index": 1, "status": "running"}`)},
			{Index: 1_000_000, Document: []byte(`{"batch_index": 1000000, "status": "failed"}`)},
		},
	}
	want := theirs.Clone()
	for w := range read(theirs).Adopt(false) {
		want.Write(w)
	}
	if got := want.Rows[0].Outcome + want.Rows[1].Outcome + want.Rows[2].Next; got != "createdfailedcreate" {
		t.Errorf("items are %s", got)
	}
	for n := 0; ; n++ {
		stored, ended, left := theirs.Clone(), true, n
		for w := range read(theirs).Adopt(false) {
			if left == 0 {
				ended = false
				break
			}
			left--
			stored.Write(w)
		}
		if diff := cmp.Diff(want.Rows, read(stored).Rows); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		for w := range read(stored).Adopt(false) {
			stored.Write(w)
		}
		if diff := cmp.Diff(want, stored, cmpopts.IgnoreUnexported(driver.Memory{})); diff != "" {
			t.Errorf("adopted again (-want +got):\n%s", diff)
		}
		if ended {
			return
		}
	}
}
