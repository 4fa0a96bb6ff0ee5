package jsondir_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// flat is a session as q2google's first releases kept it.
const flat = `{"schema_version": 1, "session_id": "old-run", "created_at": "2026-01-10T07:00:00.000123+00:00", "updated_at": "2026-01-10T07:00:09.512000+00:00",
 "start_date_iso": "2026-01-08T00:00:00", "end_date_iso": "2026-01-09T00:00:00", "batch_size": 50,
 "stages": {"discovery": "completed", "transfer": "pending", "create": "pending"},
 "items": {"GX010001000.MP4": {"file_name": "GX010001000.MP4", "media_id": null, "download_url": "https://cdn.example.invalid/v", "discovery_status": "completed",
   "transfer_status": "pending", "create_status": "pending", "upload_token": null, "errors": {}}},
 "batches": {"0": {"batch_index": 0, "file_names": ["GX010001000.MP4"], "status": "failed", "responses_json": null,
   "error": {"error_type": "TimeoutError", "message": "TimeoutError()", "attempt": 1, "updated_at": "2026-01-10T08:00:09.400000+01:00"}}}}`

func TestFlatFile(t *testing.T) {
	root := plant(t, map[string]string{"old-run.json": flat})
	b, ctx := open(t, root), t.Context()
	defer b.Close()
	it, err := b.ItemNamed(ctx, "old-run", "GX010001000.MP4")
	if err != nil || it.Awaits() != state.Transfer || it.Kind != media.Video {
		t.Fatalf("item = %+v, %v", it, err)
	}
	for batch, err := range b.Batches(ctx, "old-run") {
		if err != nil || batch.Error == nil || batch.Error.Type != "TimeoutError" {
			t.Errorf("batch = %+v, %v", batch, err)
		}
	}
	if got := names(harvest(t, root)); len(got) != 1 {
		t.Errorf("reading made files: %v", got)
	}
	it.Transfer = state.Completed
	if err := b.PutItems(ctx, "old-run", it); err != nil {
		t.Fatal(err)
	}
	files := harvest(t, root)
	want := []string{"old-run.json.migrated", "old-run/batches/0.json", "old-run/items/GX010001000.MP4.json", "old-run/meta.json"}
	if diff := cmp.Diff(want, names(files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if files["old-run.json.migrated"] != flat {
		t.Error("the flat file set aside is not what it was")
	}
	checkKeys(t, files)
}

func TestFlatFileBesideDirectory(t *testing.T) {
	dir := map[string]string{
		"old-run/meta.json":         strings.NewReplacer("january-2026", "old-run", "2026-01-31T08:21:07.000042", "2026-01-10T09:00:00").Replace(q2google["january-2026/meta.json"]),
		"old-run/items/x.json":      item("x", "pending", "pending", "null", "{}"),
		"old-run.json":              flat,
		"old-run.json.migrated":     "an earlier one",
		"elsewhere/items/notes.txt": "",
	}
	for _, tc := range []struct{ name, updated, want string }{
		{"directory later", "2026-01-10T09:00:00", "x"},
		{"flat file later", "2026-01-09T09:00:00", "GX010001000.MP4"},
		{"same time", "2026-01-10T07:00:09.512000", "x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string]string{}
			for name, content := range dir {
				files[name] = strings.ReplaceAll(content, "2026-01-10T09:00:00", tc.updated)
			}
			root := plant(t, files)
			b := open(t, root)
			defer b.Close()
			for range 2 {
				var got []string
				for it, err := range b.Items(t.Context(), "old-run", state.Query{}) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, it.Name)
				}
				if diff := cmp.Diff([]string{tc.want}, got); diff != "" {
					t.Errorf("items (-want +got):\n%s", diff)
				}
				if err := b.DeleteBatch(t.Context(), "old-run", 5); err != nil { // takes it over
					t.Fatal(err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(root, "*.json")); len(left) != 0 {
				t.Errorf("q2google would still read %v", left)
			}
			if after := harvest(t, root); after["old-run.json.migrated"] != "an earlier one" || after["old-run.json.migrated-2"] != flat {
				t.Errorf("files set aside: %v", names(after))
			}
		})
	}
}
