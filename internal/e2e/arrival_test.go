package e2e

import (
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestMixedLibraryArrives(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Mixed(1)})
	first, r := l.sync("--album", "Everything")
	if r.code != 0 || first.Outcome != "complete" {
		t.Fatalf("exit code %d, %+v\n%s", r.code, first, r.stderr)
	}
	l.wantArrived()
	if got := first.Items.Created + first.Items.AlreadyThere + first.Items.Skipped; got != first.Items.Total || first.Items.Skipped == 0 {
		t.Errorf("items do not add up: %+v", first.Items)
	}
	for _, item := range l.cloud.Google.Items() {
		if len(item.Filename) > 255 || strings.ContainsAny(item.Filename, "/\\\x00\n") {
			t.Errorf("unsafe name %q", item.Filename)
		}
		if len(item.Albums) != 1 || item.Albums[0] != "Everything" {
			t.Errorf("%s is in albums %q", item.Filename, item.Albums)
		}
	}

	l.cloud.Log.Clear()
	again, r := l.sync("--album", "Everything")
	if r.code != 0 || again.Bytes.Uploaded != 0 || again.Bytes.Downloaded != 0 {
		t.Errorf("the second run: exit code %d, %+v", r.code, again)
	}
	if n := l.cloud.Log.Count("upload.*") + l.cloud.Log.Count("cdn.*") + l.cloud.Log.Count("photos.batchCreate"); n != 0 {
		t.Errorf("the second run asked for bytes %d times", n)
	}
	l.wantArrived()
}

func TestOverlappingSessionSendsNothingTwice(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(60, 2)})
	first := l.syncUntilDone(1)
	if json := first.Requests["gphotos_json"]; json > 4 {
		t.Errorf("%d JSON calls for %d items", json, first.Items.Total)
	}
	l.cloud.Log.Clear()
	s, _ := l.sync("--session-id", "another")
	if s.Items.AlreadyThere != first.Items.Created || s.Bytes.Uploaded != 0 {
		t.Errorf("another session over the same window: %+v", s)
	}
	l.wantArrived()
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Mixed(3)})
	for _, args := range [][]string{{"--dry-run"}, {"-n", "-o", "tsv"}, {"-n", "--json"}} {
		if r := l.gondola(append([]string{"sync"}, args...)...); r.code != 0 || r.stdout == "" {
			t.Errorf("sync %v: exit code %d\n%s", args, r.code, r.stderr)
		}
	}
	if n := len(l.cloud.Google.Items()) + l.cloud.Log.Count("upload.*") + l.cloud.Log.Count("cdn.get") + l.cloud.Log.Count("photos.batchCreate"); n != 0 {
		t.Errorf("the dry run did %d things", n)
	}
	if r := l.gondola("sessions", "list", "--json"); strings.TrimSpace(r.stdout) != "" {
		t.Errorf("the dry run left a session: %s", r.stdout)
	}
}
