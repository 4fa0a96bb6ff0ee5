package state

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
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

func TestEvidence(t *testing.T) {
	saved := at("2026-01-31T08:21:07Z")
	answer := func(results ...string) string { return `{"newMediaItemResults":[` + strings.Join(results, ",") + `]}` }
	ok := func(token, id string) string {
		return `{"uploadToken":"` + token + `","status":{"code":null,"message":"Success"},"mediaItem":{"id":"` + id + `"}}`
	}
	bad := func(token, code string) string {
		return `{"uploadToken":"` + token + `","status":{"code":` + code + `,"message":"Failed"},"mediaItem":null}`
	}
	done := func(names []string, responses ...string) *Batch {
		return &Batch{FileNames: names, Status: Completed, Responses: responses}
	}
	names := []string{"a", "b"}
	for _, tc := range []struct {
		name    string
		batches []*Batch
		create  Status
		token   string
		want    Status // of create
		wantID  string
		awaits  Stage
		err     string // code of the recorded error
	}{
		{name: "registered", batches: []*Batch{done(names, answer(ok("x", "ID-X"), ok("t", "ID-B")))}, create: Completed, token: "t", want: Completed, wantID: "ID-B"},
		{name: "by place, without tokens", batches: []*Batch{done(names, answer(ok("", "ID-A"), ok("", "ID-B")))}, create: Completed, token: "t", want: Completed, wantID: "ID-B"},
		{name: "in two answers", batches: []*Batch{done(names, answer(ok("", "ID-A")), answer(ok("", "ID-B")))}, create: Completed, token: "t", want: Completed, wantID: "ID-B"},
		{name: "places do not match", batches: []*Batch{done(names, answer(ok("", "ID-A")))}, create: Completed, token: "t", want: Pending, awaits: Create},
		{name: "refused for good", batches: []*Batch{done(names, answer(ok("x", "1"), bad("t", "3")))}, create: Completed, token: "t", want: Failed, awaits: Create, err: fault.Rejected},
		{name: "failed", batches: []*Batch{done(names, answer(ok("x", "1"), bad("t", "13")))}, create: Completed, token: "t", want: Failed, awaits: Create, err: fault.Server},
		{name: "twice in one call", batches: []*Batch{done(names, answer(ok("x", "1"), bad("t", "6")))}, create: Completed, token: "t", want: Pending, awaits: Create},
		{name: "no code and no id", batches: []*Batch{done(names, answer(ok("x", "1"), bad("t", "0")))}, create: Completed, token: "t", want: Pending, awaits: Create},
		{name: "failed once, then registered", batches: []*Batch{done(names, answer(ok("x", "1"), bad("t", "13"))), done([]string{"b"}, answer(ok("t", "ID-B")))}, create: Completed, token: "t", want: Completed, wantID: "ID-B"},
		{name: "registered, failed before in order", batches: []*Batch{done([]string{"b"}, answer(ok("t", "ID-B"))), done(names, answer(ok("x", "1"), bad("t", "13")))}, create: Completed, token: "t", want: Completed, wantID: "ID-B"},
		{name: "in no batch", create: Completed, token: "t", want: Pending, awaits: Create},
		{name: "answer is no JSON", batches: []*Batch{done(names, "<html>")}, create: Completed, token: "t", want: Pending, awaits: Create},
		{name: "token spent by Gondola", create: Completed, want: Completed},
		{name: "call never answered", batches: []*Batch{{FileNames: names, Status: Running}}, create: Failed, token: "t", want: Pending, awaits: Create},
		{name: "call failed", batches: []*Batch{{FileNames: names, Status: Failed}}, create: Failed, token: "t", want: Failed, awaits: Create, err: "ClientError"},
		{name: "waiting", create: Pending, token: "t", want: Pending, awaits: Create},
		{name: "carried again after it was registered", batches: []*Batch{done(names, answer(ok("", "1"), ok("", "ID-B")))}, create: Pending, token: "t2", want: Pending, awaits: Create},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := NewEvidence(saved)
			for _, b := range tc.batches {
				e.Add(b)
			}
			it := &Item{Item: media.Item{Name: "b"}, Discovery: Completed, Transfer: Completed, Create: tc.create}
			if tc.token != "" {
				it.Receipt = &station.Receipt{Token: tc.token}
			}
			if tc.create == Failed {
				it.Errors = map[Stage]ErrorRecord{Create: {Type: "ClientError"}}
			}
			e.Settle(it)
			if it.Create != tc.want || it.DestinationID != tc.wantID || it.Awaits() != tc.awaits || it.Errors[Create].Type != tc.err {
				t.Errorf("create %s, id %q, awaits %q, error %q\nwant %s, %q, %q, %q",
					it.Create, it.DestinationID, it.Awaits(), it.Errors[Create].Type, tc.want, tc.wantID, tc.awaits, tc.err)
			}
			if tc.awaits == Create && (it.Receipt == nil || it.Receipt.Token != tc.token || !it.Receipt.At.Equal(saved)) {
				t.Errorf("receipt = %+v, want token %s of %v", it.Receipt, tc.token, saved)
			}
		})
	}
}

func TestReceiptStaysOutOfOwnFields(t *testing.T) {
	it := &Item{Item: media.Item{Name: "a"}, Receipt: &station.Receipt{Token: "tok", Size: 5, At: at("2026-01-08T09:00:00Z")}}
	data, err := EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(data), `"tok"`) != 1 || !strings.Contains(string(data), `"upload_token": "tok"`) {
		t.Errorf("the token is not where q2google looks for it, or elsewhere too:\n%s", data)
	}
}

func TestMediaIDWithoutIdentity(t *testing.T) {
	it, _, err := DecodeItem([]byte(`{"file_name": "a", "media_id": "M1"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		id   media.ID
		want string
	}{{media.ID{}, `"M1"`}, {media.ID{Station: "gopro", Medium: "M2", Part: 1}, `"M2"`}} {
		it.ID = tc.id
		data, err := EncodeItem(it)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]json.RawMessage
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, string(doc["media_id"])); diff != "" {
			t.Errorf("media_id (-want +got):\n%s", diff)
		}
	}
}

func TestSortBySeq(t *testing.T) {
	list := []*Item{{Seq: 5}, {Seq: 0}, {Seq: 2}, {Seq: 5}, {Seq: -1}, {Seq: 1 << 60}, {Seq: 1}}
	for n, it := range list {
		it.Name = string(rune('a' + n))
	}
	SortBySeq(list, func(it *Item) *int64 { return &it.Seq })
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
