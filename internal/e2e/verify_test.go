package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// everything is the session of a sync without a window.
const everything = "gopro-gphotos-everything"

// readManifest returns the manifest's digests by the destination's id, and fails
// unless others cannot read it.
func (l *line) readManifest(name string) map[string]string {
	l.T.Helper()
	path := filepath.Join(l.Home, name)
	info, err := os.Stat(path)
	if err != nil {
		l.T.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		l.T.Errorf("the manifest has mode %v", info.Mode())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		l.T.Fatal(err)
	}
	digests := map[string]string{}
	for row := range strings.Lines(string(text)) {
		var entry struct {
			SHA256, Status string
			DestinationID  string `json:"destination_id"`
		}
		if err := json.Unmarshal([]byte(row), &entry); err != nil {
			l.T.Fatalf("manifest line %q: %v", row, err)
		}
		if entry.Status == "verified" {
			digests[entry.DestinationID] = entry.SHA256
		}
	}
	return digests
}

func (l *line) googleDigests() map[string]string {
	digests := map[string]string{}
	for _, item := range l.Cloud.Google.Items() {
		digests[item.ID] = item.SHA256
	}
	return digests
}

func TestVerifyFindsWhatIsLostAndSyncPutsItBack(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(500, 21), Google: fastGoogle})
	l.SyncUntilDone(1)
	l.Cloud.Log.Clear()
	v, _, r := l.Verify(everything, "--manifest", "before.jsonl")
	if r.Code != 0 || v.Outcome != "proven" || v.Items.Verified != 500 {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, v, r.Stderr)
	}
	if n := l.Cloud.Log.Count("photos.*") + l.Cloud.Log.Count("oauth.*"); n > 12 {
		t.Errorf("%d calls to Google for 500 items, want at most 12", n)
	}
	if got, want := l.readManifest("before.jsonl"), l.googleDigests(); !maps.Equal(got, want) {
		t.Error("the manifest and the library differ")
	}

	lost := map[string]string{} // name to id
	for _, item := range l.Cloud.Google.Items()[100:103] {
		lost[item.Filename] = item.ID
		l.Cloud.Google.Drop(item.ID)
	}
	v, items, r := l.Verify(everything, "--manifest", "lost.jsonl")
	if r.Code != 7 || v.Outcome != "missing" || v.Items.Missing != 3 || v.Items.Verified != 497 || len(items) != 3 {
		t.Fatalf("exit code %d, %+v, %v\n%s", r.Code, v, items, r.Stderr)
	}
	for name, id := range lost {
		if it := items[name]; it.Status != "missing" || it.DestinationID != id || !strings.Contains(r.Stderr, name) {
			t.Errorf("%s: %+v", name, it)
		}
	}
	if !strings.Contains(v.Retry, everything) || len(l.readManifest("lost.jsonl")) != 497 {
		t.Errorf("retry with %q", v.Retry)
	}
	if v, _, r = l.Verify(everything); r.Code != 7 || v.Items.Pending != 3 {
		t.Errorf("verified again before a sync: exit code %d, %+v", r.Code, v)
	}

	l.Cloud.Log.Clear()
	if s, r := l.Sync(); r.Code != 0 || s.Items.Created != 500 {
		t.Errorf("the next sync: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if n := l.Cloud.Log.Count("upload.*"); n != 3 {
		t.Errorf("the next sync sent %d files, want the 3 that were lost", n)
	}
	l.WantArrived()
	v, _, r = l.Verify(everything, "--manifest", "after.jsonl")
	if r.Code != 0 || v.Items.Verified != 500 {
		t.Errorf("after the sync: exit code %d, %+v\n%s", r.Code, v, r.Stderr)
	}
	if got, want := l.readManifest("after.jsonl"), l.googleDigests(); !maps.Equal(got, want) {
		t.Error("the manifest and the library differ after the sync")
	}
}

func TestVerifyNamesVideosThatAreNotReady(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(12, 22)}) // a minute to process a video
	l.SyncUntilDone(1)
	v, items, r := l.Verify(everything, "--wait", "0", "--manifest", "m.csv")
	if r.Code != 7 || v.Items.Processing == 0 || v.Items.Processing+v.Items.Verified != 12 || v.Retry != "" {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, v, r.Stderr)
	}
	for name, it := range items {
		if it.Status != "processing" || !strings.HasSuffix(name, ".MP4") {
			t.Errorf("%s: %+v", name, it)
		}
	}
	if text, err := os.ReadFile(filepath.Join(l.Home, "m.csv")); err != nil || strings.Count(string(text), ",processing,") != v.Items.Processing {
		t.Errorf("the manifest: %s, %v", text, err)
	}

	l.Cloud.Clock.Advance(2 * time.Minute)
	if v, _, r = l.Verify(everything); r.Code != 0 || v.Items.Verified != 12 {
		t.Errorf("when they are ready: exit code %d, %+v", r.Code, v)
	}

	all := l.Cloud.Google.Items()
	bad := all[slices.IndexFunc(all, func(it emulator.Item) bool { return strings.HasSuffix(it.Filename, ".MP4") })]
	l.Cloud.Google.FailVideo(bad.ID)
	v, items, r = l.Verify(everything)
	if r.Code != 7 || v.Items.Failed != 1 || items[bad.Filename].Status != "failed" || !strings.Contains(r.Stderr, bad.Filename) {
		t.Errorf("a video that failed: exit code %d, %+v, %v\n%s", r.Code, v, items, r.Stderr)
	}
	l.Cloud.Google.Drop(bad.ID) // as it says
	if v, _, r = l.Verify(everything); r.Code != 7 || v.Items.Missing != 1 {
		t.Errorf("deleted: exit code %d, %+v", r.Code, v)
	}
	l.SyncUntilDone(1)
	l.Cloud.Clock.Advance(2 * time.Minute)
	if v, _, r = l.Verify(everything); r.Code != 0 || v.Items.Verified != 12 {
		t.Errorf("carried once more: exit code %d, %+v", r.Code, v)
	}
	l.WantArrived()
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(4, 23), Google: fastGoogle})
	l.SyncUntilDone(1)
	backend, err := jsondir.Open(l.StateDir(), jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	lock, err := backend.Lock(t.Context(), everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		code int
		args []string
		says string
	}{
		{6, []string{everything}, "is being run by process"},
		{1, []string{"no-such-session"}, "gondola sessions list"},
		{2, []string{everything, "--manifest", "m.txt"}, ".jsonl or .csv"},
		{2, []string{everything, "--json", "--manifest", "-"}, "standard output"},
		{2, []string{everything, "--wait", "-1s"}, "--wait"},
		{1, []string{everything, "--manifest", "no/such/folder/m.csv"}, "manifest"},
	} {
		if r := l.Gondola(append([]string{"verify"}, tc.args...)...); r.Code != tc.code || !strings.Contains(r.Stderr, tc.says) {
			t.Errorf("verify %q: exit code %d, want %d\n%s", tc.args, r.Code, tc.code, r.Stderr)
		}
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	r := l.Gondola("verify", everything, "--token", "nowhere.json")
	if r.Code != 4 || !strings.Contains(r.Stderr, "gondola login google") {
		t.Errorf("without tokens: exit code %d\n%s", r.Code, r.Stderr)
	}
	r = l.Gondola("verify", everything, "--manifest", "-")
	if r.Code != 0 || strings.Count(r.Stdout, `"status":"verified"`) != 4 || strings.Count(r.Stdout, "\n") != 4 || !strings.Contains(r.Stderr, "proved") {
		t.Errorf("manifest to standard output: exit code %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
	}
	if r = l.Gondola("verify", everything, "-o", "tsv"); r.Code != 0 || strings.Count(r.Stdout, "\tverified\t") != 4 {
		t.Errorf("as a table: exit code %d\n%s", r.Code, r.Stdout)
	}
	if left, _ := filepath.Glob(filepath.Join(l.Home, ".manifest-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
