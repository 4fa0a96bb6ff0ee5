package state_test

import (
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func TestAlbumKey(t *testing.T) {
	seen := map[string]string{}
	for _, title := range []string{
		"Holidays", "holidays", "a/b", "a%2Fb", "k7Qp/1/source", strings.Repeat("é", 500), strings.Repeat("é", 499) + "e",
	} {
		key := state.AlbumKey(title)
		if before, taken := seen[key]; taken {
			t.Errorf("%.20q and %.20q have the key %s", before, title, key)
		}
		seen[key] = title
		if _, err := media.ParseKey(key); err == nil || len(key) > 600 {
			t.Errorf("%.20q: %s could be an item's key, or is too long", title, key)
		}
	}
	if got := state.AlbumKey("New York"); got != "album/New%20York" {
		t.Errorf("key %s", got)
	}
	if a, b := state.AccountLock("gphotos:a"), state.AccountLock("gphotos:b"); a == b || !state.IsAccountLock(a) || state.IsAccountLock("s") {
		t.Errorf("two accounts have the locks %s and %s", a, b)
	}
	for _, key := range []string{state.WritesKey, state.RequestKey} {
		if _, err := media.ParseKey(key); err == nil {
			t.Errorf("%s could be an item's key", key)
		}
	}
}
