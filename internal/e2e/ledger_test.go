package e2e

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// fastGoogle takes as many writes as come.
var fastGoogle = emulator.GoogleOptions{ProcessingTime: -1, WriteTime: -1, WritesPerMinute: 600}

func TestOverlappingWindowsSendNothingTwice(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(30, 24), Google: fastGoogle})
	library := l.Cloud.GoPro.Library() // newest first
	at := func(n int) string { return library[n].Captured.UTC().Format(time.RFC3339) }
	windows := []struct {
		start, end string
		sends      int
	}{
		{at(19), at(10), 10},
		{at(24), at(5), 10}, // around it
		{at(14), at(12), 0}, // within it
		{"", at(15), 5},     // to its middle
		{at(10), "", 5},     // from its middle
		{at(29), at(0), 0},  // all, by name
		{"", "", 0},         // all
	}
	for _, w := range windows {
		args := []string{}
		if w.start != "" {
			args = append(args, "--start", w.start)
		}
		if w.end != "" {
			args = append(args, "--end", w.end)
		}
		s := l.SyncUntilDone(1, args...)
		if n := l.Sent(); n != w.sends || s.Items.Created != w.sends {
			t.Errorf("%s to %s: %d files sent, %d created, want %d", w.start, w.end, n, s.Items.Created, w.sends)
		}
		if v, _, r := l.Verify(s.SessionID); r.Code != 0 || v.Items.Verified != s.Items.Total {
			t.Errorf("%s: exit code %d, %+v", s.SessionID, r.Code, v)
		}
		l.Cloud.Log.Clear()
	}
	l.WantArrived()

	// What one session finds lost and puts back, the others find where it is now.
	lost := l.Cloud.Google.Items()[12]
	l.Cloud.Google.Drop(lost.ID)
	if _, items, r := l.Verify(everything); r.Code != 7 || items[lost.Filename].Status != "missing" {
		t.Errorf("exit code %d, %v", r.Code, items)
	}
	l.Cloud.Log.Clear()
	l.SyncUntilDone(1)
	if n := l.Sent(); n != 1 {
		t.Errorf("%d files sent, want the one that was lost", n)
	}
	for _, id := range l.SessionIDs() {
		if v, _, r := l.Verify(id); r.Code != 0 {
			t.Errorf("%s: exit code %d, %+v", id, r.Code, v)
		}
	}
	l.WantArrived()
}

func TestImportedSessionsSendNothingTwice(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(20, 25), Google: fastGoogle})
	library := l.Cloud.GoPro.Library()
	l.SyncUntilDone(1, "--start", library[11].Captured.UTC().Format(time.RFC3339)) // the 12 newest
	l.Cloud.Log.Clear()

	other := filepath.Join(l.Home, "other")
	if r := l.Gondola("sessions", "import", l.StateDir(), "--state-dir", other); r.Code != 0 {
		t.Fatalf("import: exit code %d\n%s", r.Code, r.Stderr)
	}
	s := l.SyncUntilDone(1, "--state-dir", other)
	if n := l.Sent(); n != 8 || s.Items.AlreadyThere != 12 || s.Items.Created != 8 {
		t.Errorf("%d files sent, %+v; want the 8 that the imported session had not carried", n, s.Items)
	}
	l.WantArrived()
	if v, _, r := l.Verify(everything, "--state-dir", other); r.Code != 0 || v.Items.Verified != 20 {
		t.Errorf("verify: exit code %d, %+v", r.Code, v)
	}
}

func TestImportedSessionOfQ2googleSendsNothingTwice(t *testing.T) {
	t.Parallel()
	media := emulator.Many(6, 26)
	l := newLine(t, emulator.Options{Library: media, Google: fastGoogle})
	q := newQ2google(l, "january")
	var names []string
	var results []json.RawMessage
	for _, m := range media[:4] {
		token := l.upload(m.Sources[0].Content)
		var answer struct{ NewMediaItemResults []json.RawMessage }
		if err := json.Unmarshal(l.create(legacyName(m), token), &answer); err != nil {
			t.Fatal(err)
		}
		results = append(results, answer.NewMediaItemResults...)
		names = append(names, legacyName(m))
		q.item(legacyName(m), "completed", "completed", token)
	}
	text, err := json.Marshal(map[string]any{"newMediaItemResults": results})
	if err != nil {
		t.Fatal(err)
	}
	q.write("batches/0.json", map[string]any{
		"batch_index": 0, "file_names": names, "status": "completed", "responses_json": []string{string(text)}, "error": nil,
	})

	other := filepath.Join(l.Home, "other")
	if r := l.Gondola("sessions", "import", l.StateDir(), "--state-dir", other); r.Code != 0 {
		t.Fatalf("import: exit code %d\n%s", r.Code, r.Stderr)
	}
	// As it was imported, what it carried can be seen, but not that it is all.
	if v, _, r := l.Verify("january", "--state-dir", other); r.Code != 7 || v.Items.Verified != 4 {
		t.Errorf("verify before a sync: exit code %d, %+v", r.Code, v)
	}
	l.Cloud.Log.Clear()
	l.SyncUntilDone(1, "--state-dir", other, "--session-id", "january")
	if n := l.Sent(); n != 2 {
		t.Errorf("%d files sent, want the 2 that q2google had not carried", n)
	}
	s := l.SyncUntilDone(1, "--state-dir", other)
	if n := l.Sent(); n != 0 || s.Items.AlreadyThere != 6 {
		t.Errorf("another session: %d files sent, %+v", n, s.Items)
	}
	for _, id := range l.SessionIDs("--state-dir", other) {
		if v, _, r := l.Verify(id, "--state-dir", other); r.Code != 0 {
			t.Errorf("%s: exit code %d, %+v\n%s", id, r.Code, v, r.Stderr)
		}
	}
	l.WantArrived()
}
