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

// verification is the last line of verify's JSON output.
type verification struct {
	Type     string
	Outcome  string
	ExitCode int `json:"exit_code"`
	Items    struct{ Total, Verified, Missing, Failed, Processing, Unproven, Pending, Skipped int }
	Retry    string
}

// verified is one of the lines before it.
type verified struct {
	Name, Status, Reason string
	DestinationID        string `json:"destination_id"`
}

// verify runs verify and returns its last line, and the items by name.
func (l *line) verify(args ...string) (verification, map[string]verified, result) {
	l.t.Helper()
	r := l.gondola(append([]string{"verify", "--json"}, args...)...)
	var last verification
	items := map[string]verified{}
	for text := range strings.Lines(r.stdout) {
		last = verification{}
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			l.t.Fatalf("line %q: %v", text, err)
		}
		if last.Type == "verified" {
			var it verified
			if err := json.Unmarshal([]byte(text), &it); err != nil {
				l.t.Fatal(err)
			}
			items[it.Name] = it
		}
	}
	if last.Type != "verification" || last.ExitCode != r.code {
		l.t.Errorf("exit code %d, last line %+v\nstderr: %s", r.code, last, r.stderr)
	}
	return last, items, r
}

// readManifest returns the manifest's digests by the destination's id, and fails
// unless others cannot read it.
func (l *line) readManifest(name string) map[string]string {
	l.t.Helper()
	path := filepath.Join(l.home, name)
	info, err := os.Stat(path)
	if err != nil {
		l.t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		l.t.Errorf("the manifest has mode %v", info.Mode())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatal(err)
	}
	digests := map[string]string{}
	for row := range strings.Lines(string(text)) {
		var entry struct {
			SHA256, Status string
			DestinationID  string `json:"destination_id"`
		}
		if err := json.Unmarshal([]byte(row), &entry); err != nil {
			l.t.Fatalf("manifest line %q: %v", row, err)
		}
		if entry.Status == "verified" {
			digests[entry.DestinationID] = entry.SHA256
		}
	}
	return digests
}

func (l *line) googleDigests() map[string]string {
	digests := map[string]string{}
	for _, item := range l.cloud.Google.Items() {
		digests[item.ID] = item.SHA256
	}
	return digests
}

func TestVerifyFindsWhatIsLostAndSyncPutsItBack(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(500, 21), Google: fastGoogle})
	l.syncUntilDone(1)
	l.cloud.Log.Clear()
	v, _, r := l.verify(everything, "--manifest", "before.jsonl")
	if r.code != 0 || v.Outcome != "proven" || v.Items.Verified != 500 {
		t.Fatalf("exit code %d, %+v\n%s", r.code, v, r.stderr)
	}
	if n := l.cloud.Log.Count("photos.*") + l.cloud.Log.Count("oauth.*"); n > 12 {
		t.Errorf("%d calls to Google for 500 items, want at most 12", n)
	}
	if got, want := l.readManifest("before.jsonl"), l.googleDigests(); !maps.Equal(got, want) {
		t.Error("the manifest and the library differ")
	}

	lost := map[string]string{} // name to id
	for _, item := range l.cloud.Google.Items()[100:103] {
		lost[item.Filename] = item.ID
		l.cloud.Google.Drop(item.ID)
	}
	v, items, r := l.verify(everything, "--manifest", "lost.jsonl")
	if r.code != 7 || v.Outcome != "missing" || v.Items.Missing != 3 || v.Items.Verified != 497 || len(items) != 3 {
		t.Fatalf("exit code %d, %+v, %v\n%s", r.code, v, items, r.stderr)
	}
	for name, id := range lost {
		if it := items[name]; it.Status != "missing" || it.DestinationID != id || !strings.Contains(r.stderr, name) {
			t.Errorf("%s: %+v", name, it)
		}
	}
	if !strings.Contains(v.Retry, everything) || len(l.readManifest("lost.jsonl")) != 497 {
		t.Errorf("retry with %q", v.Retry)
	}
	if v, _, r = l.verify(everything); r.code != 7 || v.Items.Pending != 3 {
		t.Errorf("verified again before a sync: exit code %d, %+v", r.code, v)
	}

	l.cloud.Log.Clear()
	if s, r := l.sync(); r.code != 0 || s.Items.Created != 500 {
		t.Errorf("the next sync: exit code %d, %+v\n%s", r.code, s, r.stderr)
	}
	if n := l.cloud.Log.Count("upload.*"); n != 3 {
		t.Errorf("the next sync sent %d files, want the 3 that were lost", n)
	}
	l.wantArrived()
	v, _, r = l.verify(everything, "--manifest", "after.jsonl")
	if r.code != 0 || v.Items.Verified != 500 {
		t.Errorf("after the sync: exit code %d, %+v\n%s", r.code, v, r.stderr)
	}
	if got, want := l.readManifest("after.jsonl"), l.googleDigests(); !maps.Equal(got, want) {
		t.Error("the manifest and the library differ after the sync")
	}
}

func TestVerifyNamesVideosThatAreNotReady(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(12, 22)}) // a minute to process a video
	l.syncUntilDone(1)
	v, items, r := l.verify(everything, "--wait", "0", "--manifest", "m.csv")
	if r.code != 7 || v.Items.Processing == 0 || v.Items.Processing+v.Items.Verified != 12 || v.Retry != "" {
		t.Fatalf("exit code %d, %+v\n%s", r.code, v, r.stderr)
	}
	for name, it := range items {
		if it.Status != "processing" || !strings.HasSuffix(name, ".MP4") {
			t.Errorf("%s: %+v", name, it)
		}
	}
	if text, err := os.ReadFile(filepath.Join(l.home, "m.csv")); err != nil || strings.Count(string(text), ",processing,") != v.Items.Processing {
		t.Errorf("the manifest: %s, %v", text, err)
	}

	l.cloud.Clock.Advance(2 * time.Minute)
	if v, _, r = l.verify(everything); r.code != 0 || v.Items.Verified != 12 {
		t.Errorf("when they are ready: exit code %d, %+v", r.code, v)
	}

	all := l.cloud.Google.Items()
	bad := all[slices.IndexFunc(all, func(it emulator.Item) bool { return strings.HasSuffix(it.Filename, ".MP4") })]
	l.cloud.Google.FailVideo(bad.ID)
	v, items, r = l.verify(everything)
	if r.code != 7 || v.Items.Failed != 1 || items[bad.Filename].Status != "failed" || !strings.Contains(r.stderr, bad.Filename) {
		t.Errorf("a video that failed: exit code %d, %+v, %v\n%s", r.code, v, items, r.stderr)
	}
	l.cloud.Google.Drop(bad.ID) // as it says
	if v, _, r = l.verify(everything); r.code != 7 || v.Items.Missing != 1 {
		t.Errorf("deleted: exit code %d, %+v", r.code, v)
	}
	l.syncUntilDone(1)
	l.cloud.Clock.Advance(2 * time.Minute)
	if v, _, r = l.verify(everything); r.code != 0 || v.Items.Verified != 12 {
		t.Errorf("carried once more: exit code %d, %+v", r.code, v)
	}
	l.wantArrived()
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(4, 23), Google: fastGoogle})
	l.syncUntilDone(1)
	backend, err := jsondir.Open(l.stateDir(), jsondir.Options{})
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
		if r := l.gondola(append([]string{"verify"}, tc.args...)...); r.code != tc.code || !strings.Contains(r.stderr, tc.says) {
			t.Errorf("verify %q: exit code %d, want %d\n%s", tc.args, r.code, tc.code, r.stderr)
		}
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	r := l.gondola("verify", everything, "--token", "nowhere.json")
	if r.code != 4 || !strings.Contains(r.stderr, "gondola login google") {
		t.Errorf("without tokens: exit code %d\n%s", r.code, r.stderr)
	}
	r = l.gondola("verify", everything, "--manifest", "-")
	if r.code != 0 || strings.Count(r.stdout, `"status":"verified"`) != 4 || strings.Count(r.stdout, "\n") != 4 || !strings.Contains(r.stderr, "proved") {
		t.Errorf("manifest to standard output: exit code %d\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	if r = l.gondola("verify", everything, "-o", "tsv"); r.code != 0 || strings.Count(r.stdout, "\tverified\t") != 4 {
		t.Errorf("as a table: exit code %d\n%s", r.code, r.stdout)
	}
	if left, _ := filepath.Glob(filepath.Join(l.home, ".manifest-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
