package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

// lives returns a state directory whose session "s" has items at every station
// of their life.
func lives(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	at := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	s := state.NewSession("s", media.Window{}, at)
	s.Account, s.VerifiedAt = "gphotos:me", at.Add(5*time.Hour)
	item := func(medium string, part int, name string) *state.Item {
		return &state.Item{
			Item: media.Item{
				ID:   media.ID{Station: "gopro", Medium: medium, Part: part, Label: "source"},
				Name: name, LegacyName: strings.Replace(name, ".", "000.", 1), Size: 1 << 30, MIME: "video/mp4", Kind: media.Video,
				Type: "Video", Camera: "HERO13", Width: 3840, Height: 2160, CapturedAt: at,
			},
			Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
		}
	}
	done := item("m1", 1, "GX010001.MP4")
	done.Transfer, done.Create, done.DestinationID, done.SHA256 = state.Completed, state.Completed, "AH0myB", "abcd"
	done.Carried, done.CarriedAt, done.RegisteredAt, done.CarriedAgain = 1<<30, at.Add(time.Hour), at.Add(2*time.Hour), 2
	half := item("m2", 1, "GX010002.MP4")
	half.Checkpoint = &station.Checkpoint{
		Resume: []byte(`{"url": "https://upload.example/SECRET-URL"}`), Size: 1 << 30, Confirmed: 1 << 29, StartedAt: at, HashAt: 1 << 28, HashState: []byte("SECRET-HASH"),
	}
	half.Transfer = state.Failed
	half.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "server", Class: fault.Transient, Message: "the line broke", Attempt: 3, At: at}}
	half.MissedAt = at
	paid := item("m2", 2, "GX020002.MP4")
	paid.Transfer, paid.Receipt = state.Completed, &station.Receipt{Token: "SECRET-TOKEN", Size: 1 << 30, At: at}
	refused := item("m3", 1, "GS010003.360")
	refused.Refusal, refused.Create = &media.Refusal{Code: media.RefusedType, Reason: "no .360 files"}, state.Skipped
	named := &state.Item{Item: media.Item{Name: "old.mp4"}, Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed}
	err = errors.Join(
		b.PutSession(t.Context(), s),
		b.PutItems(t.Context(), "s", done, half, paid, refused, named),
		b.Append(t.Context(), "s",
			state.JournalEntry{Key: paid.ID.Key(), Name: paid.Name, Stage: state.Discovery, Status: state.Completed, At: at, Bytes: 1 << 30},
			state.JournalEntry{Key: paid.ID.Key(), Name: paid.Name, Stage: state.Transfer, Status: state.Failed, At: at.Add(time.Minute), Bytes: 1 << 30,
				Code: "server", Message: "carry GX020002.MP4: see https://x.example/a?sig=SECRET"},
			state.JournalEntry{Key: paid.ID.Key(), Name: paid.Name, Stage: state.Transfer, Status: state.Completed, At: at.Add(time.Hour), Bytes: 1 << 30},
			state.JournalEntry{Stage: state.Create, Status: state.Running, At: at},
			state.JournalEntry{Name: named.Name, Stage: state.Create, Status: state.Completed, At: at},
		),
		b.Record(t.Context(), state.LedgerEntry{Account: s.Account, Key: done.ID.Key(), DestinationID: "AH0myB", Session: "s", At: at.Add(2 * time.Hour)}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStatusOfAnItem(t *testing.T) {
	dir := lives(t)
	for _, tc := range []struct {
		item string
		code int
		says []string
	}{
		{"GX010001.MP4", 0, []string{"medium m1, part 1, source", "3840 × 2160", "Outcome     created", "AH0myB", "abcd", "2 uploads in vain", "Verified", ", by session s, as AH0myB"}},
		{"gopro/m1/1/source", 0, []string{"Item        GX010001.MP4"}},
		{"gx010001.mp4", 0, []string{"Item        GX010001.MP4"}},
		{"GX010001000.MP4", 0, []string{"Item        GX010001.MP4"}},
		{"m1", 0, []string{"Item        GX010001.MP4"}},
		{"GX010002.MP4", 0, []string{"Outcome     failed", "512.00 MiB of 1.00 GiB confirmed", "transfer, attempt 3", "the line broke (server)", "Missed"}},
		{"GX020002.MP4", 0, []string{
			"Outcome     pending", "Receipt     for 1.00 GiB", "\nTimeline\n",
			"  discovery  completed  1.00 GiB\n", "  transfer   failed     1.00 GiB  carry: see https://x.example/a?[redacted] (server)\n", "  transfer   completed  1.00 GiB\n",
		}},
		{"GS010003.360", 0, []string{"Outcome     skipped: no .360 files"}},
		{"old.mp4", 0, []string{"Identity    not known yet", "\nTimeline\n", "  create  completed  0 B\n"}},
		{"m2", 1, []string{"may be any of these", "GX010002.MP4  gopro/m2/1/source", "GX020002.MP4  gopro/m2/2/source"}},
		{"nothing.mp4", 1, []string{"no item", "gondola sessions show s"}},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), []string{"status", "s", "--item", tc.item, "--state-dir", dir}, nil, &stdout, &stderr, []string{"HOME=" + dir})
		out := stdout.String() + stderr.String()
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d\n%s", tc.item, code, tc.code, out)
		}
		for _, want := range tc.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", tc.item, want, out)
			}
		}
		if strings.Contains(out, "SECRET") {
			t.Errorf("%s: a credential is shown\n%s", tc.item, out)
		}
	}
	var none bytes.Buffer
	if code := Run(t.Context(), []string{"status", "--item", "x", "--state-dir", dir}, nil, &none, &none, []string{"HOME=" + dir}); code != exitUsage {
		t.Errorf("an item of no session: exit code %d", code)
	}
}

func TestStatusOfAnItemInJSON(t *testing.T) {
	dir := lives(t)
	var stdout, stderr bytes.Buffer
	for _, item := range []string{"GX010001.MP4", "GX010002.MP4", "GX020002.MP4"} {
		if code := Run(t.Context(), []string{"status", "s", "--item", item, "--state-dir", dir, "--json"}, nil, &stdout, &stderr, []string{"HOME=" + dir}); code != 0 {
			t.Fatalf("exit code %d\n%s", code, stderr.String())
		}
	}
	if strings.Contains(stdout.String(), "SECRET") {
		t.Errorf("a credential is shown: %s", stdout.String())
	}
	var got []map[string]any
	for line := range strings.Lines(stdout.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		for key := range l {
			switch key {
			case "type", "key", "part", "outcome", "destination_id", "carried_again", "registered_at", "verified_at", "missed_at", "upload", "receipt", "errors", "ledger", "timeline":
			default:
				delete(l, key)
			}
		}
		got = append(got, l)
	}
	want := []map[string]any{{
		"type": "item", "key": "gopro/m1/1/source", "part": 1.0, "outcome": "created", "destination_id": "AH0myB", "carried_again": 2.0,
		"registered_at": "2026-01-08T11:00:00Z", "verified_at": "2026-01-08T14:00:00Z",
		"ledger": map[string]any{"destination_id": "AH0myB", "session_id": "s", "at": "2026-01-08T11:00:00Z"},
	}, {
		"type": "item", "key": "gopro/m2/1/source", "part": 1.0, "outcome": "failed", "missed_at": "2026-01-08T09:00:00Z",
		"upload": map[string]any{"size": 1073741824.0, "confirmed": 536870912.0, "hashed": 268435456.0, "started_at": "2026-01-08T09:00:00Z"},
		"errors": map[string]any{"transfer": map[string]any{"class": "transient", "code": "server", "message": "the line broke", "attempt": 3.0, "at": "2026-01-08T09:00:00Z"}},
	}, {
		"type": "item", "key": "gopro/m2/2/source", "part": 2.0, "outcome": "pending",
		"receipt": map[string]any{"size": 1073741824.0, "at": "2026-01-08T09:00:00Z"},
		"timeline": []any{
			map[string]any{"at": "2026-01-08T09:00:00Z", "stage": "discovery", "status": "completed", "bytes": 1073741824.0},
			map[string]any{"at": "2026-01-08T09:01:00Z", "stage": "transfer", "status": "failed", "bytes": 1073741824.0,
				"error": map[string]any{"code": "server", "message": "carry GX020002.MP4: see https://x.example/a?[redacted]"}},
			map[string]any{"at": "2026-01-08T10:00:00Z", "stage": "transfer", "status": "completed", "bytes": 1073741824.0},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
