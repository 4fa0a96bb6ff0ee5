package q2google

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestResults(t *testing.T) {
	saved := at("2026-01-31T08:21:07Z")
	answer := func(results ...string) string { return `{"newMediaItemResults":[` + strings.Join(results, ",") + `]}` }
	ok := func(token, id string) string {
		return `{"uploadToken":"` + token + `","status":{"code":null,"message":"Success"},"mediaItem":{"id":"` + id + `"}}`
	}
	bad := func(token, code string) string {
		return `{"uploadToken":"` + token + `","status":{"code":` + code + `,"message":"Failed"},"mediaItem":null}`
	}
	done := func(names []string, responses ...string) *state.Batch {
		return &state.Batch{FileNames: names, Status: state.Completed, Responses: responses}
	}
	names := []string{"a", "b"}
	for _, tc := range []struct {
		name    string
		batches []*state.Batch
		create  state.Status
		token   string
		want    state.Status // of create
		wantID  string
		awaits  state.Stage
		err     string // code of the recorded error
	}{
		{name: "registered", batches: []*state.Batch{done(names, answer(ok("x", "ID-X"), ok("t", "ID-B")))}, create: state.Completed, token: "t", want: state.Completed, wantID: "ID-B"},
		{name: "by place, without tokens", batches: []*state.Batch{done(names, answer(ok("", "ID-A"), ok("", "ID-B")))}, create: state.Completed, token: "t", want: state.Completed, wantID: "ID-B"},
		{name: "in two answers", batches: []*state.Batch{done(names, answer(ok("", "ID-A")), answer(ok("", "ID-B")))}, create: state.Completed, token: "t", want: state.Completed, wantID: "ID-B"},
		{name: "places do not match", batches: []*state.Batch{done(names, answer(ok("", "ID-A")))}, create: state.Completed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "refused for good", batches: []*state.Batch{done(names, answer(ok("x", "1"), bad("t", "3")))}, create: state.Completed, token: "t", want: state.Failed, awaits: state.Create, err: fault.Rejected},
		{name: "failed", batches: []*state.Batch{done(names, answer(ok("x", "1"), bad("t", "13")))}, create: state.Completed, token: "t", want: state.Failed, awaits: state.Create, err: fault.Server},
		{name: "twice in one call", batches: []*state.Batch{done(names, answer(ok("x", "1"), bad("t", "6")))}, create: state.Completed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "no code and no id", batches: []*state.Batch{done(names, answer(ok("x", "1"), bad("t", "0")))}, create: state.Completed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "failed once, then registered", batches: []*state.Batch{done(names, answer(ok("x", "1"), bad("t", "13"))), done([]string{"b"}, answer(ok("t", "ID-B")))}, create: state.Completed, token: "t", want: state.Completed, wantID: "ID-B"},
		{name: "registered, failed before in order", batches: []*state.Batch{done([]string{"b"}, answer(ok("t", "ID-B"))), done(names, answer(ok("x", "1"), bad("t", "13")))}, create: state.Completed, token: "t", want: state.Completed, wantID: "ID-B"},
		{name: "in no batch", create: state.Completed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "answer is no JSON", batches: []*state.Batch{done(names, "<html>")}, create: state.Completed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "token spent by Gondola", create: state.Completed, want: state.Completed},
		{name: "call never answered", batches: []*state.Batch{{FileNames: names, Status: state.Running}}, create: state.Failed, token: "t", want: state.Pending, awaits: state.Create},
		{name: "call failed", batches: []*state.Batch{{FileNames: names, Status: state.Failed}}, create: state.Failed, token: "t", want: state.Failed, awaits: state.Create, err: "ClientError"},
		{name: "waiting", create: state.Pending, token: "t", want: state.Pending, awaits: state.Create},
		{name: "carried again after it was registered", batches: []*state.Batch{done(names, answer(ok("", "1"), ok("", "ID-B")))}, create: state.Pending, token: "t2", want: state.Pending, awaits: state.Create},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newResults(saved)
			for _, b := range tc.batches {
				e.add(b)
			}
			it := &state.Item{Item: media.Item{Name: "b"}, Discovery: state.Completed, Transfer: state.Completed, Create: tc.create}
			if tc.token != "" {
				it.Receipt = &station.Receipt{Token: tc.token}
			}
			if tc.create == state.Failed {
				it.Errors = map[state.Stage]state.ErrorRecord{state.Create: {Type: "ClientError"}}
			}
			e.reconcile(it)
			if it.Create != tc.want || it.DestinationID != tc.wantID || it.Awaits() != tc.awaits || it.Errors[state.Create].Type != tc.err {
				t.Errorf("create %s, id %q, awaits %q, error %q\nwant %s, %q, %q, %q",
					it.Create, it.DestinationID, it.Awaits(), it.Errors[state.Create].Type, tc.want, tc.wantID, tc.awaits, tc.err)
			}
			if tc.awaits == state.Create && (it.Receipt == nil || it.Receipt.Token != tc.token || !it.Receipt.At.Equal(saved)) {
				t.Errorf("receipt = %+v, want token %s of %v", it.Receipt, tc.token, saved)
			}
		})
	}
}

func TestReceiptStaysOutOfOwnFields(t *testing.T) {
	it := &state.Item{Item: media.Item{Name: "a"}, Receipt: &station.Receipt{Token: "tok", Size: 5, At: at("2026-01-08T09:00:00Z")}}
	data, err := Codec{}.EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(data), `"tok"`) != 1 || !strings.Contains(string(data), `"upload_token": "tok"`) {
		t.Errorf("the token is not where q2google looks for it, or elsewhere too:\n%s", data)
	}
}

func TestMediaIDWithoutIdentity(t *testing.T) {
	it, err := Codec{}.DecodeItem([]byte(`{"file_name": "a", "media_id": "M1"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		id   media.ID
		want string
	}{{media.ID{}, `"M1"`}, {media.ID{Station: "gopro", Medium: "M2", Part: 1}, `"M2"`}} {
		it.ID = tc.id
		data, err := Codec{}.EncodeItem(it)
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
