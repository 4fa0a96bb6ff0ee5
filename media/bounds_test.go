package media

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMoment(t *testing.T) {
	for text, known := range map[string]bool{
		"9999-12-31T23:59:59-01:00": false, // the year 10000 in UTC
		"9999-12-31T23:59:59Z":      true,
		"9999-12-31T23:59:59+01:00": true,
		"0001-01-01T00:30:00+01:00": false, // the year 0
		"0000-06-01T00:00:00Z":      false,
		"0001-01-01T00:00:01Z":      true,
		"2026-01-08T09:00:00+05:30": true,
	} {
		in, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		got := Moment(in)
		if got.IsZero() == known || known && (!got.Equal(in) || got.Location() != time.UTC) {
			t.Errorf("Moment(%s) = %v, want known=%v in UTC", text, got, known)
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("Moment(%s): %v", text, err)
		}
	}
}

func TestBounded(t *testing.T) {
	long := strings.Repeat("é", 17<<19) // 17 MiB
	beyond := time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	it := Item{Name: "a.mp4", ID: ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, Type: long, Camera: long, MIME: long, CapturedZone: long,
		LegacyName: long, CapturedAt: beyond, CreatedAt: beyond, Refusal: &Refusal{Code: long, Reason: long}}
	got := it.Bounded()
	if len(got.Type+got.Camera+got.MIME+got.CapturedZone+got.LegacyName) > 0 || !got.CapturedAt.IsZero() || !got.CreatedAt.IsZero() {
		t.Error("something beyond all bounds is taken for known")
	}
	if n := len(got.Refusal.Reason); n == 0 || n > MaxText || !utf8.ValidString(got.Refusal.Reason) {
		t.Errorf("the reason has %d bytes, want at most %d, whole characters", n, MaxText)
	}
	if len(it.Refusal.Reason) != len(long) {
		t.Error("the caller's refusal was changed")
	}
	small := Item{Name: "a.mp4", Type: "Video", Camera: "HERO", CapturedAt: time.Unix(1, 0).UTC(), Refusal: &Refusal{Code: "c", Reason: "r"}}
	if got := small.Bounded(); got.Type != "Video" || got.Camera != "HERO" || !got.CapturedAt.Equal(small.CapturedAt) || *got.Refusal != *small.Refusal {
		t.Errorf("Bounded changed what is within: %+v", got)
	}
}

func TestCheckIdentity(t *testing.T) {
	long := strings.Repeat("n", MaxText+1)
	for want, it := range map[string]Item{
		"no name":   {ID: ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}},
		"UTF-8":     {Name: "\xff", ID: ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}},
		"name is l": {Name: long, ID: ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}},
		"id is":     {Name: "a", ID: ID{Station: "gopro", Medium: long, Part: 1, Label: "source"}},
	} {
		if err := it.CheckIdentity(); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 100 {
			t.Errorf("%q: %v", want, err)
		}
	}
	if err := (Item{Name: "a", ID: ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}}).CheckIdentity(); err != nil {
		t.Error(err)
	}
}

func TestBoundedDirAlbumsVersion(t *testing.T) {
	long := strings.Repeat("é", 17<<19)
	it := Item{Dir: "2026//day 1./x", Version: "\xff", Albums: []Album{{Title: "Summer"}, {Title: " "}, {Title: long}, {Title: "\xff"}, {ID: long, Title: "x"}}}
	got := it.Bounded()
	if got.Dir != "2026/day 1/x" || got.Version != "\ufffd" {
		t.Errorf("dir %q, version %q", got.Dir, got.Version)
	}
	if len(got.Albums) != 3 || got.Albums[0].Title != "Summer" || len(got.Albums[1].Title) > MaxText || got.Albums[2].Title != "_" {
		t.Errorf("albums %.40v", got.Albums)
	}
	if it.Albums[2].Title != long {
		t.Error("the caller's albums were changed")
	}
	for range 100 {
		it.Albums = append(it.Albums, Album{Title: long})
	}
	size := 0
	for _, a := range it.Bounded().Albums {
		size += len(a.Title)
	}
	if size < MaxAlbums/2 || size > MaxAlbums {
		t.Errorf("the titles have %d bytes, want at most %d", size, MaxAlbums)
	}
	if got := (Item{Dir: long, Version: long}).Bounded(); got.Dir+got.Version != "" {
		t.Error("a dir or a version of 17 MiB is taken for known")
	}
	if err := (Item{Name: "a", Dir: "../a"}).CheckIdentity(); err == nil {
		t.Error("an item of a directory above the root is accepted")
	}
}
