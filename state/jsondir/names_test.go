package jsondir_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"GX010001000.MP4": "GX010001000.MP4", "a/b.jpg": "a_b.jpg", "a..b": "a_b", "...": "_.", "../x": "__x", "/abs": "_abs", "": "", `a\b`: `a\b`, "....": "__",
	} {
		if got := jsondir.SafeName(name); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIDsThatShareADirectory(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx := t.Context()
	if err := b.PutSession(ctx, state.NewSession("a_b", media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	_, session := b.Session(ctx, "a/b")
	_, lock := b.Lock(ctx, "a/b")
	_, counts := b.Counts(ctx, "a/b")
	for name, err := range map[string]error{
		"PutSession": b.PutSession(ctx, state.NewSession("a/b", media.Window{}, time.Now())),
		"Session":    session, "Lock": lock, "Counts": counts, "PutItems": b.PutItems(ctx, "a/b"), "DeleteSession": b.DeleteSession(ctx, "a/b"),
	} {
		if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), `holds session "a_b"`) {
			t.Errorf("%s = %v", name, err)
		}
	}
}

func TestNamesThatShareAFile(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	carried(t, b, 1)
	it := &state.Item{}
	it.ID, it.Name = media.ID{Station: "gopro", Medium: "z", Part: 1}, "Strauß/É.jpg"
	if err := b.PutItems(t.Context(), "s", it); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Strauß/É.jpg", "STRAUSS_é.JPG", "strauss_E\u0301.jpg"} {
		if got, err := b.ItemNamed(t.Context(), "s", name); err != nil || got.ID != it.ID {
			t.Errorf("ItemNamed(%q) = %v, %v", name, got, err)
		}
		other := *it
		other.ID.Medium, other.Name = "y", name
		if err := b.PutItems(t.Context(), "s", &other); fault.CodeOf(err) != fault.State {
			t.Errorf("PutItems(%q) = %v, want it refused", name, err)
		}
	}
}

func TestRefusedIDs(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	for id, why := range map[string]string{
		"": "empty", ".": "directory itself", "a\x00": "control", "\x1b[2J": "control", "\xff": "UTF-8", strings.Repeat("x", 300): "longer than",
	} {
		_, err := b.Lock(t.Context(), id)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Hint == "" || !strings.Contains(f.Error(), why) || len(f.Error()) > 200 {
			t.Errorf("Lock(%q) = %v, want it to say %q", id, err, why)
		}
	}
	if got := slices.Collect(maps.Keys(b.(*jsondir.Backend).Used())); len(got) != 0 {
		t.Errorf("refused ids left %v", got)
	}
}
