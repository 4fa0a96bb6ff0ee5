package jsondir_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// q2google is what q2google 0.0.3 leaves behind after a run with one failed
// transfer, one registered photo, one refused one, and a call cut off.
var q2google = map[string]string{
	"january-2026/meta.json": `{
  "schema_version": 1,
  "session_id": "january-2026",
  "created_at": "2026-01-31T08:15:30.123456+00:00",
  "updated_at": "2026-01-31T08:21:07.000042+00:00",
  "start_date_iso": "2026-01-08T00:00:00",
  "end_date_iso": "2026-01-09T00:00:00",
  "batch_size": 50,
  "stages": {
    "discovery": "completed",
    "transfer": "completed",
    "create": "completed"
  }
}`,
	"january-2026/items/GX010001000.MP4.json": item("GX010001000.MP4", "failed", "skipped", "null", `{
    "transfer": {
      "error_type": "ClientResponseError",
      "message": "403, message='Forbidden'",
      "attempt": 1,
      "updated_at": "2026-01-31T09:20:01.556677+01:00"
    }
  }`),
	"january-2026/items/G0010002000.JPG.json":     item("G0010002000.JPG", "completed", "completed", `"tok-1"`, "{}"),
	"january-2026/items/G0010002001.JPG.json":     item("G0010002001.JPG", "completed", "completed", `"tok-2"`, "{}"),
	"january-2026/items/G0010002002.JPG.json":     item("G0010002002.JPG", "completed", "pending", `"tok-3"`, "{}"),
	"january-2026/items/G0010002003.JPG.4711.tmp": `{"file_na`,
	"january-2026/batches/0.json": `{
  "batch_index": 0,
  "file_names": [
    "G0010002000.JPG",
    "G0010002001.JPG"
  ],
  "status": "completed",
  "responses_json": [
    "{\"newMediaItemResults\":[{\"uploadToken\":\"tok-1\",\"status\":{\"code\":null,\"message\":\"Success\",\"details\":null},\"mediaItem\":{\"id\":\"AB12\"}},{\"uploadToken\":\"tok-2\",\"status\":{\"code\":3,\"message\":\"Failed\",\"details\":null},\"mediaItem\":null}]}"
  ],
  "error": null
}`,
	"january-2026/batches/1.json": `{
  "batch_index": 1,
  "file_names": [
    "G0010002002.JPG"
  ],
  "status": "running",
  "responses_json": null,
  "error": null
}`,
}

func item(name, transfer, create, token, errors string) string {
	kind := "photo"
	if strings.HasSuffix(name, ".MP4") {
		kind = "video"
	}
	return fmt.Sprintf(`{
  "file_name": %q,
  "media_id": null,
  "download_url": "https://cdn.example.invalid/v?Signature=abc",
  "discovery_status": "completed",
  "transfer_status": %q,
  "create_status": %q,
  "upload_token": %s,
  "media_type": %q,
  "errors": %s
}`, name, transfer, create, token, kind, errors)
}

func plant(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range files {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// harvest returns the files under root by name, those of no session left out.
func harvest(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, path))
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func names(files map[string]string) (list []string) {
	for name := range files {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// stands describes where each item of a session stands.
func stands(t *testing.T, b state.Backend, session string) (list []string) {
	t.Helper()
	for it, err := range b.Items(t.Context(), session, state.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		token := ""
		if it.Receipt != nil {
			token = it.Receipt.Token + " of " + it.Receipt.At.Format(time.TimeOnly)
		}
		list = append(list, fmt.Sprintf("%d %s awaits %q, %s, id %q, token %q", it.Seq, it.Name, it.Awaits(), it.Outcome(), it.DestinationID, token))
	}
	return list
}

var wantStands = []string{
	`1 G0010002000.JPG awaits "", created, id "AB12", token ""`,
	`2 G0010002001.JPG awaits "create", failed, id "", token "tok-2 of 08:21:07"`,
	`3 G0010002002.JPG awaits "create", pending, id "", token "tok-3 of 08:21:07"`,
	`4 GX010001000.MP4 awaits "transfer", failed, id "", token ""`,
}

func TestReadQ2google(t *testing.T) {
	root := plant(t, q2google)
	b := open(t, root)
	defer b.Close()
	s, err := b.Session(t.Context(), "january-2026")
	if err != nil || s.From != "gopro:" || s.To != "gphotos:" || !s.ProvenAt.IsZero() {
		t.Fatalf("session = %+v, %v", s, err)
	}
	if diff := cmp.Diff(wantStands, stands(t, b, "january-2026")); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	counts, err := b.Counts(t.Context(), "january-2026")
	want := state.Counts{Total: 4, Outcomes: map[state.Outcome]int{state.OutcomeCreated: 1, state.OutcomeFailed: 2, state.OutcomePending: 1}}
	if diff := cmp.Diff(want, counts); diff != "" || err != nil {
		t.Errorf("counts: %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(q2google, harvest(t, root)); diff != "" {
		t.Errorf("reading changed the files (-want +got):\n%s", diff)
	}
}

func TestTakeOverQ2google(t *testing.T) {
	root := plant(t, q2google)
	b, ctx := open(t, root), t.Context()
	defer b.Close()
	lock, err := b.Lock(ctx, "january-2026")
	if err != nil {
		t.Fatal(err)
	}
	it, err := b.ItemNamed(ctx, "january-2026", "gx010001000.mp4") // in any case
	if err != nil {
		t.Fatal(err)
	}
	it.ID = media.ID{Station: "gopro", Medium: "M1", Part: 1, Label: "source"}
	it.Name = "GX010001.MP4"
	if err := b.PutItems(ctx, "january-2026", it); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"january-2026/batches/1.json",
		"january-2026/batches/1000000.json",
		"january-2026/items/G0010002000.JPG.json",
		"january-2026/items/G0010002001.JPG.json",
		"january-2026/items/G0010002002.JPG.json",
		"january-2026/items/GX010001.MP4.json",
		"january-2026/lock",
		"january-2026/meta.json",
	}
	files := harvest(t, root)
	if diff := cmp.Diff(want, names(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	again := open(t, root)
	defer again.Close()
	after := slices.Clone(wantStands)
	after[3] = strings.Replace(after[3], "GX010001000", "GX010001", 1)
	if diff := cmp.Diff(after, stands(t, again, "january-2026")); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	s, err := again.Session(ctx, "january-2026")
	if err != nil || s.UpdatedAt.Format(time.RFC3339Nano) != "2026-01-31T08:21:07.000042Z" {
		t.Errorf("updated %v, %v; only PutSession touches it", s.UpdatedAt, err)
	}
	checkKeys(t, files)
	if head, _, _ := strings.Cut(files["january-2026/meta.json"], ",\n  \"gondola\": "); head+"\n}" != q2google["january-2026/meta.json"] {
		t.Errorf("meta.json is not as q2google writes it:\n%s", files["january-2026/meta.json"])
	}
	if head, _, _ := strings.Cut(files["january-2026/items/G0010002002.JPG.json"], ",\n  \"gondola\": "); head+"\n}" != q2google["january-2026/items/G0010002002.JPG.json"] {
		t.Errorf("the item is not as q2google writes it:\n%s", files["january-2026/items/G0010002002.JPG.json"])
	}
}

// checkKeys checks that every document has q2google's keys and one more.
func checkKeys(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		want := "schema_version session_id created_at updated_at start_date_iso end_date_iso batch_size stages gondola"
		switch filepath.Base(filepath.Dir(name)) {
		case "items":
			want = "file_name media_id download_url discovery_status transfer_status create_status upload_token media_type errors gondola"
		case "batches":
			want = "batch_index file_names status responses_json error gondola"
		}
		var doc map[string]json.RawMessage
		if err := json.Unmarshal([]byte(content), &doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(doc) != len(strings.Fields(want)) {
			t.Errorf("%s has %d keys", name, len(doc))
		}
		for _, key := range strings.Fields(want) {
			if doc[key] == nil {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
}

// TestTakeOverAfterQ2googleRanAgain: q2google's save drops Gondola's keys and
// counts its batches from 0 once more.
func TestTakeOverAfterQ2googleRanAgain(t *testing.T) {
	root := plant(t, q2google)
	b, ctx := open(t, root), t.Context()
	s, err := b.Session(ctx, "january-2026")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PutSession(ctx, s); err != nil {
		t.Fatal(err)
	}
	b.Close()
	files := harvest(t, root)
	for name, content := range files {
		if head, _, ours := strings.Cut(content, ",\n  \"gondola\": "); ours {
			content = head + "\n}"
		}
		files[name] = content
	}
	files["january-2026/batches/0.json"] = strings.ReplaceAll(strings.ReplaceAll(q2google["january-2026/batches/0.json"], "tok-1", "tok-9"), "G0010002000", "G0010002009")
	root = plant(t, files)
	b = open(t, root)
	defer b.Close()
	if err := b.PutBatch(ctx, "january-2026", &state.Batch{Index: state.FirstBatchIndex + 7}); err != nil {
		t.Fatal(err)
	}
	var indexes []int
	for batch, err := range b.Batches(ctx, "january-2026") {
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, batch.Index)
	}
	if diff := cmp.Diff([]int{1, 1000000, 1000001, 1000007}, indexes); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	if got := stands(t, b, "january-2026")[0]; !strings.Contains(got, "created") {
		t.Errorf("an item that Gondola registered became %s", got)
	}
}

// TestTakeOverInterrupted dies at every change of the disk in turn; what is
// read afterwards, and after a second attempt, is always the same.
func TestTakeOverInterrupted(t *testing.T) {
	for name, start := range map[string]map[string]string{"directory": q2google, "flat": {"january-2026.json": flatten(t, q2google), "january-2026/items/stray.json": item("stray", "pending", "pending", "null", "{}")}} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				root := plant(t, start)
				b := open(t, root)
				breakAt(b, n)
				dead := b.PutBatch(t.Context(), "january-2026", &state.Batch{Index: state.FirstBatchIndex + 50}) != nil
				b.Close()

				b = open(t, root)
				if diff := cmp.Diff(unnumbered(wantStands), unnumbered(stands(t, b, "january-2026"))); diff != "" {
					t.Errorf("after %d changes (-want +got):\n%s", n-1, diff)
				}
				if err := b.PutBatch(t.Context(), "january-2026", &state.Batch{Index: state.FirstBatchIndex + 50}); err != nil {
					t.Errorf("after %d changes: %v", n-1, err)
				}
				if diff := cmp.Diff(unnumbered(wantStands), unnumbered(stands(t, b, "january-2026"))); diff != "" {
					t.Errorf("taken over after %d changes (-want +got):\n%s", n-1, diff)
				}
				batches, _ := filepath.Glob(filepath.Join(root, "january-2026", "batches", "*.json"))
				if len(batches) != 3 {
					t.Errorf("after %d changes: batches %v, want 3", n-1, batches)
				}
				b.Close()
				if !dead {
					if n < 10 {
						t.Errorf("only %d changes of the disk", n-1)
					}
					return
				}
			}
		})
	}
}

// unnumbered drops the Seq: until a session is taken over, its items have none.
func unnumbered(stands []string) (list []string) {
	for _, s := range stands {
		_, s, _ = strings.Cut(s, " ")
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// flatten makes one flat document of a session's files.
func flatten(t *testing.T, files map[string]string) string {
	t.Helper()
	d := map[string]any{}
	if err := json.Unmarshal([]byte(files["january-2026/meta.json"]), &d); err != nil {
		t.Fatal(err)
	}
	items, batches := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for name, content := range files {
		stem := strings.TrimSuffix(filepath.Base(name), ".json")
		switch filepath.Base(filepath.Dir(name)) {
		case "items":
			if strings.HasSuffix(name, ".json") {
				items[stem] = json.RawMessage(content)
			}
		case "batches":
			batches[stem] = json.RawMessage(content)
		}
	}
	d["items"], d["batches"] = items, batches
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
