package gopro

import (
	"fmt"
	"io"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
)

func TestOpenUsesAddressesWhileTheyLive(t *testing.T) {
	for _, tc := range []struct {
		name     string
		life     time.Duration
		opened   int64 // bytes read of each of two openings
		resolved int64
	}{
		{"an hour", time.Hour, 10, 1},
		{"nine minutes", 9 * time.Minute, 10, 2},
		{"an hour, read to the end", time.Hour, 1000, 2},
	} {
		c := &cdn{life: tc.life}
		source, item := newCDN(t, c)
		for range 2 {
			got, err := source.Open(t.Context(), item, 0, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, got.Body, tc.opened); err != nil {
				t.Error(err)
			}
			got.Body.Close()
		}
		if n := c.resolve.Load(); n != tc.resolved {
			t.Errorf("%s: resolved %d times, want %d", tc.name, n, tc.resolved)
		}
	}
}

func TestURLCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u urls
		entries := func(n int) []Entry {
			all := make([]Entry, n)
			for i := range all {
				all[i] = Entry{URL: "https://cdn/" + url.PathEscape(fmt.Sprint(i)), Label: labelSource, Part: i + 1, Available: true}
			}
			return all
		}
		id := func(medium string, part int) media.ID {
			return media.ID{Station: scheme, Medium: medium, Part: part, Label: labelSource}
		}
		has := func(medium string, part int) bool { _, ok := u.get(id(medium, part)); return ok }

		u.put("first", entries(maxURLs-1), time.Time{}, false)
		u.put("second", entries(2), time.Time{}, false)
		if !has("first", maxURLs-1) || !has("second", 1) || has("second", 2) || len(u.by) != maxURLs {
			t.Errorf("a listing does not stop at a full cache of %d", len(u.by))
		}
		u.put("third", entries(1), time.Time{}, true)
		if !has("third", 1) || len(u.by) != maxURLs {
			t.Error("a transfer finds no room")
		}
		time.Sleep(assumedLife - enoughLife)
		if has("third", 1) {
			t.Error("a dying address is handed out")
		}
		u.put("fourth", entries(2), time.Time{}, false)
		if !has("fourth", 2) || len(u.by) != 2 {
			t.Errorf("dead addresses stay: %d", len(u.by))
		}
	})
}

// A clock that is wrong by days does not make addresses look dead, or alive.
func TestLifetimeByTheClockOfTheCloud(t *testing.T) {
	served := time.Unix(1748772000, 0).Add(-50 * time.Minute)
	for _, tc := range []struct {
		address string
		want    time.Duration
	}{
		{signed("x"), 50 * time.Minute},
		{"https://cdn/x?X-Amz-Expires=1", assumedLife},
		{"\x00", 0},
	} {
		if got := lifetime(tc.address, served); got != tc.want {
			t.Errorf("lifetime(%q) = %v, want %v", tc.address, got, tc.want)
		}
	}
}
