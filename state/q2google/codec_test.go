package q2google

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSuffix(string(data), "\n"))
}

// withoutOwn cuts Gondola's key, the last one, out of a document it wrote.
func withoutOwn(t *testing.T, data []byte) string {
	t.Helper()
	head, own, found := strings.Cut(string(data), ",\n  \"gondola\": {")
	if !found || strings.HasSuffix(own, "\n") || !strings.HasSuffix(own, "}\n}") {
		t.Fatalf("no gondola key at the end of:\n%s", data)
	}
	return head + "\n}"
}

func TestRecordedSession(t *testing.T) {
	data := recorded(t, "meta.json")
	got, err := Codec{}.DecodeSession(data)
	if err != nil || Ours(data) {
		t.Fatalf("DecodeSession: ours %v, %v", Ours(data), err)
	}
	want := &state.Session{
		SchemaVersion: 1, ID: "january-2026",
		CreatedAt: time.Date(2026, 1, 31, 8, 15, 30, 123456000, time.UTC),
		UpdatedAt: time.Date(2026, 1, 31, 8, 21, 7, 42000, time.UTC),
		Start:     "2026-01-08T00:00:00", End: "2026-01-09T00:00:00", BatchSize: 50,
		Stages: map[state.Stage]state.Status{state.Discovery: state.Completed, state.Transfer: state.Completed, state.Create: state.Completed},
		From:   "gopro:", To: "gphotos:", Foreign: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	again, err := Codec{}.EncodeSession(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), withoutOwn(t, again)); diff != "" {
		t.Errorf("written back (-want +got):\n%s", diff)
	}
}

func TestRecordedItem(t *testing.T) {
	data := recorded(t, "item.json")
	got, err := Codec{}.DecodeItem(data)
	if err != nil || Ours(data) {
		t.Fatalf("DecodeItem: ours %v, %v", Ours(data), err)
	}
	want := &state.Item{
		Item:        media.Item{Name: "GX010001000.MP4", LegacyName: "GX010001000.MP4", Size: media.SizeUnknown, Kind: media.Video},
		Discovery:   state.Completed,
		Transfer:    state.Failed,
		Create:      state.Skipped,
		DownloadURL: "https://cdn.example.invalid/v/GX010001.MP4?Expires=1767900000&Signature=abc",
		Errors: map[state.Stage]state.ErrorRecord{state.Transfer: {
			Type: "ClientResponseError", Message: "403, message='Forbidden', url='https://cdn.example.invalid/v/GX010001.MP4'",
			Attempt: 1, At: time.Date(2026, 1, 31, 8, 20, 1, 556677000, time.UTC),
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
	if got.Awaits() != state.Transfer || got.Outcome() != state.OutcomeFailed {
		t.Errorf("awaits %q, outcome %q; want transfer, failed", got.Awaits(), got.Outcome())
	}
	again, err := Codec{}.EncodeItem(got)
	if err != nil {
		t.Fatal(err)
	}
	utc := strings.Replace(string(data), "09:20:01.556677+01:00", "08:20:01.556677+00:00", 1)
	if diff := cmp.Diff(utc, withoutOwn(t, again)); diff != "" {
		t.Errorf("written back (-want +got):\n%s", diff)
	}
}

func TestRecordedBatch(t *testing.T) {
	data := recorded(t, "batch.json")
	got, err := Codec{}.DecodeBatch(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Index != 0 || got.Status != state.Completed || len(got.FileNames) != 1 || len(got.Responses) != 1 || got.Error != nil {
		t.Errorf("batch = %+v", got)
	}
	again, err := Codec{}.EncodeBatch(got)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSuffix(string(data), "\n}") + ",\n  \"gondola\": {}\n}"
	if diff := cmp.Diff(want, string(again)); diff != "" {
		t.Errorf("written back (-want +got):\n%s", diff)
	}
}

func TestRecordedFlatFile(t *testing.T) {
	d, err := ReadFlat(recorded(t, "flat.json"))
	if err != nil {
		t.Fatal(err)
	}
	if d.Session.ID != "old-run" || d.Session.Extra != nil {
		t.Errorf("session = %+v", d.Session)
	}
	if len(d.Items) != 1 || d.Items[0].Kind != media.Video || d.Items[0].Seq != 0 || d.Items[0].Awaits() != state.Transfer {
		t.Errorf("items = %+v", d.Items)
	}
	if len(d.Batches) != 1 || d.Batches[0].Error == nil || d.Batches[0].Error.Type != "TimeoutError" || d.Batches[0].Responses != nil {
		t.Errorf("batches = %+v", d.Batches)
	}
	d.Items[0].Seq = 1
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var again state.Document
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*d, again); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

// keysOf returns the keys of a JSON object in order.
func keysOf(t *testing.T, data []byte) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

func TestKeysInOrder(t *testing.T) {
	session, err := Codec{}.EncodeSession(state.NewSession("s", media.Window{}, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	item, err := Codec{}.EncodeItem(&state.Item{Item: media.Item{Name: "a.jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := Codec{}.EncodeBatch(&state.Batch{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		data []byte
		keys string
	}{
		{"session", session, "schema_version session_id created_at updated_at start_date_iso end_date_iso batch_size stages gondola"},
		{"item", item, "file_name media_id download_url discovery_status transfer_status create_status upload_token media_type errors gondola"},
		{"batch", batch, "batch_index file_names status responses_json error gondola"},
	} {
		if got := strings.Join(keysOf(t, tc.data), " "); got != tc.keys {
			t.Errorf("%s keys = %s\nwant %s", tc.name, got, tc.keys)
		}
	}
	for _, want := range []string{`"media_id": null`, `"upload_token": null`, `"errors": {}`, `"create_status": "pending"`, `"media_type": "photo"`} {
		if !strings.Contains(string(item), "\n  "+want+",\n") {
			t.Errorf("item lacks %s:\n%s", want, item)
		}
	}
	for _, want := range []string{`"file_names": []`, `"responses_json": null`, `"error": null`} {
		if !strings.Contains(string(batch), "\n  "+want+",\n") {
			t.Errorf("batch lacks %s:\n%s", want, batch)
		}
	}
}

func TestTolerance(t *testing.T) {
	s, err := Codec{}.DecodeSession([]byte(`{"schema_version": "1", "session_id": null, "created_at": "yesterday", "batch_size": "20", "stages": {"transfer": null, "create": "odd"}, "zzz": [1, 2]}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.SchemaVersion != 1 || s.BatchSize != 20 || s.ID != "" || !s.CreatedAt.IsZero() || s.Stages[state.Transfer] != state.Pending || s.Stages[state.Create] != state.Pending {
		t.Errorf("session = %+v", s)
	}
	if string(s.Extra["zzz"]) != "[1,2]" {
		t.Errorf("extra = %s", s.Extra)
	}
	it, err := Codec{}.DecodeItem([]byte(`{"file_name": "a.MoV", "transfer_status": "running", "create_status": null, "media_type": "film", "errors": null}`))
	if err != nil {
		t.Fatal(err)
	}
	if it.Discovery != state.Pending || it.Transfer != state.Pending || it.Create != state.Pending || it.Kind != media.Video || it.Receipt != nil {
		t.Errorf("item = %+v", it)
	}
	b, err := Codec{}.DecodeBatch([]byte(`{"batch_index": "7", "error": {"attempt": "2"}}`))
	if err != nil || b.Index != 7 || b.Status != state.Pending || b.Error.Attempt != 2 || b.FileNames != nil {
		t.Errorf("batch = %+v, %v", b, err)
	}
}

func TestRefusedDocuments(t *testing.T) {
	for _, data := range []string{``, `null`, `[]`, `{`, `{"stages": []}`, `{"batch_size": "many"}`, `{"session_id": {}}`, `{"gondola": 5}`} {
		if s, err := (Codec{}).DecodeSession([]byte(data)); err == nil {
			t.Errorf("Codec{}.DecodeSession(%s) = %+v", data, s)
		}
	}
	for _, data := range []string{`{}`, `{"file_name": null}`, `{"file_name": "a", "errors": {"create": 5}}`, `{"file_name": "a", "gondola": {"id": "nonsense"}}`} {
		if it, err := (Codec{}).DecodeItem([]byte(data)); err == nil {
			t.Errorf("Codec{}.DecodeItem(%s) = %+v", data, it)
		}
	}
	for _, data := range []string{`{}`, `{"batch_index": null}`, `{"batch_index": 1.5e300}`, `{"batch_index": 1, "file_names": "a"}`} {
		if b, err := (Codec{}).DecodeBatch([]byte(data)); err == nil {
			t.Errorf("Codec{}.DecodeBatch(%s) = %+v", data, b)
		}
	}
}

func FuzzDecodeSession(f *testing.F) {
	f.Add(recorded(f, "meta.json"))
	f.Add([]byte(`{"x": 1, "gondola": {"from": "gopro:", "later": {"a": [1]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Codec{}.DecodeSession(data)
		if err != nil {
			return
		}
		again, err := Codec{}.EncodeSession(s)
		if err != nil {
			t.Fatalf("EncodeSession: %v", err)
		}
		got, err := Codec{}.DecodeSession(again)
		if err != nil || !Ours(again) {
			t.Fatalf("decode again: ours %v, %v\n%s", Ours(again), err, again)
		}
		if diff := cmp.Diff(s, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}

func FuzzDecodeItem(f *testing.F) {
	f.Add(recorded(f, "item.json"))
	f.Add([]byte(`{"file_name": "a", "media_id": "m", "upload_token": "t", "gondola": {"id": "gopro/m/1/source", "Seq": 5, "checkpoint": {"url": "u"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		it, err := Codec{}.DecodeItem(data)
		if err != nil {
			return
		}
		again, err := Codec{}.EncodeItem(it)
		if err != nil {
			t.Fatalf("EncodeItem: %v", err)
		}
		got, err := Codec{}.DecodeItem(again)
		if err != nil || !Ours(again) {
			t.Fatalf("decode again: ours %v, %v\n%s", Ours(again), err, again)
		}
		if diff := cmp.Diff(it, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(recorded(f, "batch.json"))
	f.Add([]byte(`{"batch_index": 3, "error": {"message": "no"}, "gondola": {"error_class": "item"}, "x": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Codec{}.DecodeBatch(data)
		if err != nil {
			return
		}
		again, err := Codec{}.EncodeBatch(b)
		if err != nil {
			t.Fatalf("EncodeBatch: %v", err)
		}
		got, err := Codec{}.DecodeBatch(again)
		if err != nil {
			t.Fatalf("decode again: %v\n%s", err, again)
		}
		if diff := cmp.Diff(b, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
		newResults(time.Time{}).add(b)
	})
}

func BenchmarkDecodeItem(b *testing.B) {
	at := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	data, err := Codec{}.EncodeItem(&state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: "bench00000001", Part: 1, Label: "source"},
			Name: "GOPR0000001.JPG", LegacyName: "GOPR0000001.JPG", Size: 2e6, MIME: "image/jpeg", Kind: media.Photo, Type: "Photo",
			Width: 5312, Height: 2988, Camera: "HERO12 Black", CapturedAt: at, CreatedAt: at,
		},
		Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed, DestinationID: strings.Repeat("A", 98),
		SHA256: strings.Repeat("0", 64), Carried: 2e6, CarriedAt: at, RegisteredAt: at,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Codec{}).DecodeItem(data); err != nil {
			b.Fatal(err)
		}
	}
}
