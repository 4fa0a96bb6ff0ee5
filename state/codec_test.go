package state

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// Documents of earlier versions kept what the destination reads of a checkpoint
// beside the other members, and knew receipts of one sort only.
func TestUploadsOfEarlierVersions(t *testing.T) {
	const checkpoint = `{"url":"https://u.example/?upload_id=1","size":9,"confirmed":4,"granularity":262144,"started_at":"2026-01-08T09:00:00Z","version":"v","account":"gphotos:a","hash_at":2,"hash_state":"AQI="}`
	it, err := Documents{}.DecodeItem([]byte(`{"file_name":"a","upload_token":"t","gondola":{"id":"gopro/m/1/source","checkpoint":` + checkpoint + `,"receipt":{"size":9}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c := it.Checkpoint; c.Size != 9 || c.Confirmed != 4 || c.Version != "v" || c.Account != "gphotos:a" || c.HashAt != 2 || string(c.Resume) != checkpoint {
		t.Errorf("checkpoint = %+v", c)
	}
	if r := it.Receipt; r.Token != "t" || !r.Once {
		t.Errorf("receipt = %+v", r)
	}
	data, err := Documents{}.EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Documents{}.DecodeItem(data)
	if err != nil || string(again.Checkpoint.Resume) != checkpoint {
		t.Errorf("stored again: %s, %v", data, err)
	}
}

// The first layout kept what Gondola alone knows under a key of its own, error
// classes beside the errors, and times as "" if they were not known.
func TestDocumentsOfTheFirstLayout(t *testing.T) {
	it, err := Documents{}.DecodeItem([]byte(`{
  "file_name": "a.mp4", "media_id": "m", "download_url": null, "discovery_status": "completed", "transfer_status": "failed",
  "create_status": "pending", "upload_token": null, "media_type": "video", "later": [1],
  "errors": {"transfer": {"error_type": "network", "message": "lost", "attempt": 2, "updated_at": ""}},
  "gondola": {"id": "gopro/m/1/source", "seq": 3, "legacy_name": "a000.mp4", "size": 9, "kind": "video", "unknown": {"b": 2}, "error_classes": {"transfer": "transient"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Item{
		Item: media.Item{ID: media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, Name: "a.mp4", LegacyName: "a000.mp4", Size: 9, Kind: media.Video},
		Seq:  3, Discovery: Completed, Transfer: Failed, Create: Pending,
		Errors: map[Stage]ErrorRecord{Transfer: {Type: "network", Class: fault.Transient, Message: "lost", Attempt: 2}},
		Extra:  map[string]json.RawMessage{"later": json.RawMessage("[1]"), "unknown": json.RawMessage(`{"b":2}`)},
	}
	if diff := cmp.Diff(want, it); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
	s, err := Documents{}.DecodeSession([]byte(`{"schema_version": 1, "session_id": "s", "created_at": "2026-01-31T08:15:30.123456+00:00", "updated_at": "",
  "start_date_iso": "2026-01-08T00:00:00", "end_date_iso": "2026-01-09T00:00:00", "batch_size": 20, "stages": {"discovery": "completed"},
  "gondola": {"from": "gopro:", "filter": {"types": ["photo"]}}}`))
	if err != nil || !s.CreatedAt.Equal(at("2026-01-31T08:15:30.123456Z")) || s.BatchSize != 20 || s.From != "gopro:" || s.Stages[Create] != Pending || len(s.Filter.Types) != 1 || s.Extra != nil {
		t.Errorf("session = %+v, %v", s, err)
	}
	if w, err := s.CaptureWindow(); err != nil || !s.Foreign || !w.Start.Equal(at("2026-01-08T00:00:00Z")) || !w.End.After(at("2026-01-09T23:59:59Z")) {
		t.Errorf("foreign %v, window %v, %v", s.Foreign, w, err)
	}
	named, err := Documents{}.DecodeItem([]byte(`{"file_name": "a000.jpg", "media_id": "M1", "download_url": "https://cdn.example/a", "upload_token": "tok", "media_type": "photo", "errors": {},
  "gondola": {"id": "", "seq": 1, "legacy_name": "a000.jpg", "size": -1, "kind": "photo", "receipt": {"size": -1}}}`))
	if err != nil || !named.ID.IsZero() || named.Receipt.Token != "tok" || !named.Receipt.Once || string(named.Extra["media_id"]) != `"M1"` || named.Errors != nil {
		t.Errorf("item known by name = %+v, %v", named, err)
	}
	b, err := Documents{}.DecodeBatch([]byte(`{"batch_index": 7, "file_names": [], "status": "failed", "responses_json": null,
  "error": {"error_type": "server", "message": "no", "attempt": 1, "updated_at": "2026-01-31T08:15:30+00:00"}, "gondola": {"error_class": "item"}}`))
	if err != nil || b.Index != 7 || b.Error.Class != fault.Item || b.Error.At.Year() != 2026 || b.Extra != nil {
		t.Errorf("batch = %+v, %v", b, err)
	}
}

// A key counts as it is spelled, and the last one of those that are repeated.
func TestKeysCountAsTheyAreSpelled(t *testing.T) {
	for _, data := range []string{
		`{"file_name": "a", "id": "", "seq": 1, "Seq": 5, "seq": 3}`,
		`{"file_name": "a", "gondola": {"id": "", "seq": 1, "Seq": 5, "seq": 3}}`,
	} {
		it, err := Documents{}.DecodeItem([]byte(data))
		if err != nil || it.Seq != 3 || string(it.Extra["Seq"]) != "5" {
			t.Errorf("%s: %+v, %v", data, it, err)
		}
	}
}

func TestDocumentsRefused(t *testing.T) {
	for _, data := range []string{``, `null`, `[]`, `{`, `{}`, `{"file_name": "a"}`, `{"id": ""}`, `{"file_name": "a", "id": "nonsense"}`, `{"file_name": "a", "gondola": 5}`} {
		if it, err := (Documents{}).DecodeItem([]byte(data)); err == nil {
			t.Errorf("DecodeItem(%s) = %+v", data, it)
		}
	}
}

func FuzzDecodeDocuments(f *testing.F) {
	f.Add([]byte(`{"file_name": "a", "id": "gopro/m/1/source", "Seq": 5, "checkpoint": {"url": "u"}, "batch_index": 1}`))
	f.Add([]byte(`{"file_name": "a", "upload_token": "t", "gondola": {"id": "", "receipt": {"size": 1}, "from": "x", "later": {"a": [1]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Documents
		again(t, data, c.EncodeSession, c.DecodeSession)
		again(t, data, c.EncodeItem, c.DecodeItem)
		again(t, data, c.EncodeBatch, c.DecodeBatch)
	})
}

// again checks that what can be read comes back after it has been written.
func again[T any](t *testing.T, data []byte, encode func(*T) ([]byte, error), decode func([]byte) (*T, error)) {
	v, err := decode(data)
	if err != nil {
		return
	}
	data, err = encode(v)
	if err != nil {
		return // such as a name that is not valid UTF-8 in full length
	}
	got, err := decode(data)
	if err != nil {
		t.Fatalf("decode again: %v\n%s", err, data)
	}
	if diff := cmp.Diff(v, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}
