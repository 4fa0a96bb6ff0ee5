package state

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestCaptureWindow(t *testing.T) {
	for _, tc := range []struct{ start, end, wantStart, wantEnd string }{
		{"2026-01-08T00:00:00", "2026-01-09T00:00:00", "2026-01-08T00:00:00Z", "2026-01-09T23:59:59.999999999Z"},
		{"2026-01-08", "2026-01-08", "2026-01-08T00:00:00Z", "2026-01-08T23:59:59.999999999Z"},
		{"2026-01-08T10:30:00", "2026-01-09 11:00", "2026-01-08T10:30:00Z", "2026-01-09T11:00:00Z"},
		{"2026-01-08T00:00:00+02:00", "2026-01-09T00:00:00+00:00", "2026-01-07T22:00:00Z", "2026-01-09T00:00:00Z"},
		{"2026-01-08T01:02:03.250", "2026-01-09T01:02:03.123456Z", "2026-01-08T01:02:03.25Z", "2026-01-09T01:02:03.123456Z"},
	} {
		got, err := (&Session{Start: tc.start, End: tc.end}).CaptureWindow()
		want := media.Window{Start: at(tc.wantStart), End: at(tc.wantEnd)}
		if err != nil || got != want {
			t.Errorf("%s to %s: %v, %v\nwant %v", tc.start, tc.end, got, err, want)
		}
	}
	for _, s := range []Session{{}, {Start: "soon", End: "2026-01-08"}, {Start: "2026-01-08"}, {Start: "2026-01-08", End: "9"}} {
		if w, err := s.CaptureWindow(); fault.CodeOf(err) != fault.State {
			t.Errorf("%q to %q: %v, %v; want a fault", s.Start, s.End, w, err)
		}
	}
}

// TestNewSession checks that q2google's strings keep the window even when
// q2google has saved the session and lost the exact one.
func TestNewSession(t *testing.T) {
	day := func(s string) time.Time { return at(s + "T00:00:00Z") }
	for _, tc := range []struct {
		w          media.Window
		start, end string
	}{
		{media.Window{}, "2000-01-01T00:00:00", "9998-12-31T00:00:00"},
		{media.Window{Start: day("2026-01-08"), End: day("2026-01-10").Add(-1)}, "2026-01-08T00:00:00", "2026-01-09T00:00:00"},
		{media.Window{Start: day("2026-01-08"), End: day("2026-01-10")}, "2026-01-08T00:00:00", "2026-01-10T00:00:00+00:00"},
		{media.Window{Start: at("2026-01-08T10:00:00+02:00"), End: at("2026-01-08T10:00:00.5+02:00")}, "2026-01-08T08:00:00+00:00", "2026-01-08T08:00:00.500000+00:00"},
	} {
		s := NewSession("s", tc.w, at("2026-02-01T09:00:00.123456789+01:00"))
		if s.Start != tc.start || s.End != tc.end {
			t.Errorf("%v: %s to %s, want %s to %s", tc.w, s.Start, s.End, tc.start, tc.end)
		}
		if !s.CreatedAt.Equal(at("2026-02-01T08:00:00.123456Z")) || s.CreatedAt.Location() != time.UTC {
			t.Errorf("CreatedAt = %v", s.CreatedAt)
		}
		for range 2 {
			if got, err := s.CaptureWindow(); err != nil || got != tc.w {
				t.Errorf("%v: CaptureWindow = %v, %v", tc.w, got, err)
			}
			s.Window = nil
		}
	}
}

func TestNumbered(t *testing.T) {
	list := []*Item{{Seq: 5}, {Seq: 0}, {Seq: 2}, {Seq: 5}, {Seq: -1}, {Seq: 1 << 60}, {Seq: 1}}
	for n, it := range list {
		it.Name = string(rune('a' + n))
	}
	list = numbered(list)
	var names string
	var seqs []int64
	for _, it := range list {
		names += it.Name
		seqs = append(seqs, it.Seq)
	}
	if diff := cmp.Diff([]int64{1, 2, 5, 6, 7, 8, 9}, seqs); diff != "" || names != "gcadbef" {
		t.Errorf("order %s, seqs (-want +got):\n%s", names, diff)
	}
}
