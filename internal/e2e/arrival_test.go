package e2e

import (
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestMixedLibraryArrives(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Mixed(1)})
	first, r := l.Sync("--album", "Everything")
	if r.Code != 0 || first.Outcome != "complete" {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, first, r.Stderr)
	}
	l.WantArrived()
	if got := first.Items.Created + first.Items.AlreadyThere + first.Items.Skipped; got != first.Items.Total || first.Items.Skipped == 0 {
		t.Errorf("items do not add up: %+v", first.Items)
	}
	for _, item := range l.Cloud.Google.Items() {
		if len(item.Filename) > 255 || strings.ContainsAny(item.Filename, "/\\\x00\n") {
			t.Errorf("unsafe name %q", item.Filename)
		}
		if len(item.Albums) != 1 || item.Albums[0] != "Everything" {
			t.Errorf("%s is in albums %q", item.Filename, item.Albums)
		}
	}

	l.Cloud.Log.Clear()
	again, r := l.Sync("--album", "Everything")
	if r.Code != 0 || again.Bytes.Uploaded != 0 || again.Bytes.Downloaded != 0 {
		t.Errorf("the second run: exit code %d, %+v", r.Code, again)
	}
	if n := l.Cloud.Log.Count("upload.*") + l.Cloud.Log.Count("cdn.*") + l.Cloud.Log.Count("photos.batchCreate"); n != 0 {
		t.Errorf("the second run asked for bytes %d times", n)
	}
	l.WantArrived()
}

func TestOverlappingSessionSendsNothingTwice(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(60, 2)})
	first := l.SyncUntilDone(1)
	if json := first.Requests["gphotos_json"]; json > 4 {
		t.Errorf("%d JSON calls for %d items", json, first.Items.Total)
	}
	l.Cloud.Log.Clear()
	s, _ := l.Sync("--session-id", "another")
	if s.Items.AlreadyThere != first.Items.Created || s.Bytes.Uploaded != 0 {
		t.Errorf("another session over the same window: %+v", s)
	}
	l.WantArrived()
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Mixed(3)})
	for _, args := range [][]string{{"--dry-run"}, {"-n", "-o", "tsv"}, {"-n", "--json"}} {
		if r := l.Gondola(append([]string{"sync"}, args...)...); r.Code != 0 || r.Stdout == "" {
			t.Errorf("sync %v: exit code %d\n%s", args, r.Code, r.Stderr)
		}
	}
	if n := len(l.Cloud.Google.Items()) + l.Cloud.Log.Count("upload.*") + l.Cloud.Log.Count("cdn.get") + l.Cloud.Log.Count("photos.batchCreate"); n != 0 {
		t.Errorf("the dry run did %d things", n)
	}
	if r := l.Gondola("sessions", "list", "--json"); strings.TrimSpace(r.Stdout) != "" {
		t.Errorf("the dry run left a session: %s", r.Stdout)
	}
}
