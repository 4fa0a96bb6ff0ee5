package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// q2google writes a session directory as q2google does.
type q2google struct {
	l       *line
	dir     string
	written time.Time
}

func newQ2google(l *line, session string) *q2google {
	q := &q2google{l: l, dir: filepath.Join(l.StateDir(), session), written: time.Now().UTC()}
	stamp := q.written.Format("2006-01-02T15:04:05.000000-07:00")
	q.write("meta.json", map[string]any{
		"schema_version": 1, "session_id": session, "created_at": stamp, "updated_at": stamp,
		"start_date_iso": "2000-01-01T00:00:00", "end_date_iso": "2030-01-01T00:00:00", "batch_size": 50,
		"stages": map[string]string{"discovery": "completed", "transfer": "completed", "create": "completed"},
	})
	return q
}

func (q *q2google) write(name string, document any) {
	q.l.T.Helper()
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		q.l.T.Fatal(err)
	}
	path := filepath.Join(q.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		q.l.T.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		q.l.T.Fatal(err)
	}
}

func (q *q2google) item(name, transfer, create, token string) {
	item := map[string]any{
		"file_name": name, "media_id": nil, "download_url": "https://cdn.example.invalid/v/" + name + "?Signature=gone",
		"discovery_status": "completed", "transfer_status": transfer, "create_status": create,
		"upload_token": nil, "media_type": "photo", "errors": map[string]any{},
	}
	if token != "" {
		item["upload_token"] = token
	}
	if strings.HasSuffix(name, ".MP4") {
		item["media_type"] = "video"
	}
	q.write("items/"+name+".json", item)
}

// legacyName is the name q2google gives the only file of a medium.
func legacyName(m emulator.Medium) string {
	ext := filepath.Ext(*m.Filename)
	return strings.TrimSuffix(*m.Filename, ext) + "000" + ext
}

// upload sends a file in one request and returns the upload token.
func (l *line) upload(content emulator.Content) string {
	l.T.Helper()
	req, err := http.NewRequest(http.MethodPost, l.Server.PhotosURL+"/v1/uploads", io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		l.T.Fatal(err)
	}
	req.ContentLength = content.Size()
	req.Header.Set("Authorization", "Bearer "+l.Cloud.Google.Token(""))
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("X-Goog-Upload-Protocol", "raw")
	return string(l.do(req))
}

// create registers one uploaded file and returns the answer.
func (l *line) create(name, token string) json.RawMessage {
	l.T.Helper()
	body := fmt.Sprintf(`{"albumId":null,"newMediaItems":[{"description":null,"simpleMediaItem":{"fileName":%q,"uploadToken":%q}}]}`, name, token)
	req, err := http.NewRequest(http.MethodPost, l.Server.PhotosURL+"/v1/mediaItems:batchCreate", strings.NewReader(body))
	if err != nil {
		l.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.Cloud.Google.Token(""))
	req.Header.Set("Content-Type", "application/json")
	return l.do(req)
}

func (l *line) do(req *http.Request) []byte {
	l.T.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.T.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.T.Fatalf("%s: %s: %s", req.URL.Path, resp.Status, body)
	}
	return body
}

func TestSessionThatQ2googleBegan(t *testing.T) {
	t.Parallel()
	media := emulator.Many(12, 11)
	l := newLine(t, emulator.Options{Library: media})
	q := newQ2google(l, "january")

	// Items 0 and 1 are done, as batch 0 says; 2 and 3 were carried and wait,
	// although batch 0 is completed; 4 failed; 5 to 8 were not begun; 9 to 11
	// q2google never saw.
	done := []string{}
	var results []json.RawMessage
	for _, m := range media[:2] {
		token := l.upload(m.Sources[0].Content)
		var answer struct{ NewMediaItemResults []json.RawMessage }
		if err := json.Unmarshal(l.create(legacyName(m), token), &answer); err != nil {
			t.Fatal(err)
		}
		results = append(results, answer.NewMediaItemResults...)
		done = append(done, legacyName(m))
		q.item(legacyName(m), "completed", "completed", token)
	}
	text, err := json.Marshal(map[string]any{"newMediaItemResults": results})
	if err != nil {
		t.Fatal(err)
	}
	q.write("batches/0.json", map[string]any{
		"batch_index": 0, "file_names": done, "status": "completed", "responses_json": []string{string(text)}, "error": nil,
	})
	for _, m := range media[2:4] {
		q.item(legacyName(m), "completed", "pending", l.upload(m.Sources[0].Content))
	}
	q.item(legacyName(media[4]), "failed", "skipped", "")
	for _, m := range media[5:9] {
		q.item(legacyName(m), "pending", "pending", "")
	}
	q.item("GX019999000.MP4", "pending", "pending", "") // since deleted from the cloud

	l.Cloud.Log.Clear()
	s, r := l.Sync("--session-id", "january")
	if r.Code != 0 || s.Items.Total != 13 || s.Items.Skipped != 1 {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if n := l.Cloud.Log.Count("gopro.download"); n != 8 {
		t.Errorf("%d manifests were asked for, want those of the 8 media that were not carried", n)
	}
	l.WantArrived()
	if got := l.Cloud.Log.Count("upload.raw"); got != 8 {
		t.Errorf("%d files were sent, want the 8 that q2google had not", got)
	}
	q.wantLoadable(13)

	if s, _ = l.Sync("--session-id", "january"); s.Bytes.Uploaded != 0 {
		t.Errorf("the second run sent %d bytes", s.Bytes.Uploaded)
	}
}

// wantLoadable fails unless q2google could load the session: the keys it
// demands in every document, no item it would never touch again, no completed
// batch at a number it counts by.
func (q *q2google) wantLoadable(items int) {
	t := q.l.T
	t.Helper()
	names, err := filepath.Glob(filepath.Join(q.dir, "items", "*.json"))
	if err != nil || len(names) != items {
		t.Errorf("%d item files, want %d (%v)", len(names), items, err)
	}
	keys := []string{"file_name", "media_id", "download_url", "discovery_status", "transfer_status", "create_status", "upload_token", "media_type", "errors"}
	for _, name := range names {
		q.wantKeys(name, keys...)
	}
	q.wantKeys(filepath.Join(q.dir, "meta.json"),
		"schema_version", "session_id", "created_at", "updated_at", "start_date_iso", "end_date_iso", "batch_size", "stages")
	batches, _ := filepath.Glob(filepath.Join(q.dir, "batches", "*.json"))
	for _, name := range batches {
		q.wantKeys(name, "batch_index", "file_names", "status", "responses_json", "error")
	}
	if _, err := os.Stat(filepath.Join(q.dir, "batches", "0.json")); err == nil {
		t.Error("a batch still occupies number 0")
	}
}

func (q *q2google) wantKeys(path string, keys ...string) {
	t := q.l.T
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	var document map[string]any
	if err := dec.Decode(&document); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, key := range keys {
		if _, ok := document[key]; !ok {
			t.Errorf("%s lacks %q", path, key)
		}
	}
	for _, key := range []string{"transfer_status", "create_status"} {
		if document[key] == "running" {
			t.Errorf("%s: %s is running at rest", path, key)
		}
	}
}
