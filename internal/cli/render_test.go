package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 1, 8, 12, 0, 0, 0, time.UTC)

func testItem() state.Item {
	return state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: "k7Qp", Part: 1, Label: "source"},
			Name: "GX010048.MP4", Size: 123,
		},
		Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
}

func refused() state.Item {
	it := testItem()
	it.Name = "GS010007.360"
	it.Refusal = &media.Refusal{Code: media.RefusedType, Reason: "Google Photos does not take .360 files"}
	return it
}

// events are one of each kind, as the engine publishes them.
var events = []progress.Event{
	progress.Stage{Stage: state.Discovery, Status: state.Running, At: noon},
	progress.Stage{Stage: state.Discovery, Status: state.Failed, At: noon, Fault: &progress.Fault{
		Class: fault.Session, Code: fault.ListingIncomplete, Message: "list gopro:: 3 of 5", Hint: "run again"}},
	itemEvent("GX010048.MP4", state.Transfer, state.Completed, nil),
	itemEvent("GX010048.MP4", state.Create, state.Failed, &progress.Fault{
		Class: fault.Item, Code: fault.Rejected, Message: "create GX010048.MP4: see https://x.example/a?sig=hush"}),
	itemEvent("GS010007.360", state.Create, state.Skipped, &progress.Fault{
		Class: fault.Item, Code: media.RefusedType, Message: "Google Photos does not take .360 files"}),
	progress.Wait{Reason: "slow down", Until: noon.Add(90 * time.Second)},
	progress.Notice{Text: "an album of this name was found"},
}

func itemEvent(name string, stage state.Stage, status state.Status, f *progress.Fault) progress.Item {
	return progress.Item{Seq: 1, Key: "gopro/k7Qp/1/source", Name: name, Stage: stage, Status: status, At: noon, Bytes: 123, Fault: f}
}

func TestJSONLines(t *testing.T) {
	var out, talk bytes.Buffer
	a := newApp(nil, &out, &talk, nil)
	a.print.Format = render.JSON
	shown := jsonLines{a}
	for _, e := range events {
		shown.event(e)
	}
	shown.tick(progress.Snapshot{
		ItemsTotal: 10, ItemsDone: 4, BytesTotal: 123, BytesDone: 45,
		Moved: progress.Moved{Downloaded: 50, Uploaded: 45},
		Up:    6.5,
	})
	want := `{"type":"stage","stage":"discovery","status":"running","time":"2026-01-08T12:00:00Z"}
{"type":"stage","stage":"discovery","status":"failed","time":"2026-01-08T12:00:00Z","error":{"class":"session","code":"listing_incomplete","message":"list gopro:: 3 of 5","hint":"run again"}}
{"type":"item","key":"gopro/k7Qp/1/source","name":"GX010048.MP4","stage":"transfer","status":"completed","bytes":123}
{"type":"item","key":"gopro/k7Qp/1/source","name":"GX010048.MP4","stage":"create","status":"failed","bytes":123,"error":{"class":"item","code":"rejected","message":"create GX010048.MP4: see https://x.example/a?[redacted]"}}
{"type":"item","key":"gopro/k7Qp/1/source","name":"GS010007.360","stage":"create","status":"skipped","bytes":123,"error":{"class":"item","code":"unsupported_type","message":"Google Photos does not take .360 files"}}
{"type":"wait","reason":"slow down","until":"2026-01-08T12:01:30Z"}
{"type":"notice","text":"an album of this name was found"}
{"type":"progress","items_total":10,"items_done":4,"bytes_total":123,"bytes_done":45,"bytes_per_second":6.5,"bytes_downloaded":50,"bytes_uploaded":45,"items_in_flight":0}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("JSON lines (-want +got):\n%s", diff)
	}
	if talk.Len() > 0 {
		t.Errorf("standard error got %q", talk.String())
	}
}

func TestPlain(t *testing.T) {
	var out bytes.Buffer
	now := noon
	a := newApp(nil, nil, nil, nil)
	shown := &plain{out: &out, verbose: true, redact: a.redact, now: func() time.Time { return now }}
	for _, e := range events[:5] {
		shown.event(e)
	}
	shown.event(events[6])
	p := progress.Snapshot{
		ItemsTotal: 10, ItemsDone: 4, BytesTotal: 3 << 20, BytesDone: 1 << 20,
		Moved: progress.Moved{Downloaded: 2 << 20, Uploaded: 1 << 20},
		Up:    1 << 19, Down: 1 << 20, Left: 4 * time.Second,
	}
	for range 61 {
		shown.tick(p)
		now = now.Add(time.Second)
	}
	line := "4 of 10 items, 1.00 MiB of 3.00 MiB, down 2.00 MiB at 1.00 MiB/s, up 1.00 MiB at 512.00 KiB/s, 0 in flight, 4s left\n"
	want := `discovery: running
discovery: failed: list gopro:: 3 of 5
carried: GX010048.MP4 (123 B)
failed: GX010048.MP4: create: see https://x.example/a?[redacted]
skipped: GS010007.360: Google Photos does not take .360 files
an album of this name was found
` + line + line
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("plain text (-want +got):\n%s", diff)
	}
}

// TestPlainStageIsOneLine: a stage that fails, and whose failure cannot be stored, has
// one line that says both.
func TestPlainStageIsOneLine(t *testing.T) {
	var out bytes.Buffer
	a := newApp(nil, nil, nil, nil)
	shown := &plain{out: &out, redact: a.redact, now: func() time.Time { return noon }}
	shown.event(progress.Stage{Stage: state.Transfer, Status: state.Failed, Fault: &progress.Fault{
		Message: "write a.json: no space left on device\nwrite meta.json: no space left on device"}})
	want := "transfer: failed: write a.json: no space left on device; write meta.json: no space left on device\n"
	if out.String() != want {
		t.Errorf("shown: %q, want %q", out.String(), want)
	}
}

func TestLiveLines(t *testing.T) {
	l := &live{redact: func(s string) string { return s }}
	for i := range 8 {
		l.p.InFlight = append(l.p.InFlight, progress.Transfer{Name: fmt.Sprintf("GX01004%d.MP4", i), Size: 4 << 20, Done: 1 << 20})
	}
	l.p.InFlight[1].Size = media.SizeUnknown
	l.p.InFlight[2].Name = strings.Repeat("長", 200) // leaves room for its figures
	l.p.Moved.Downloaded, l.p.Moved.Uploaded, l.p.Down, l.p.Up = 3<<20, 2<<20, 1<<20, 1<<19
	l.p.Waits = []progress.Wait{events[5].(progress.Wait)}
	got := l.lines(noon)
	want := []string{
		"  down 3.00 MiB at 1.00 MiB/s   up 2.00 MiB at 512.00 KiB/s   8 in flight",
		"  GX010040.MP4  1.00 MiB of 4.00 MiB (25%)",
		"  GX010041.MP4  1.00 MiB of unknown size",
		"  " + strings.Repeat("長", 15) + "…  1.00 MiB of 4.00 MiB (25%)",
		"  … and 2 more",
	}
	if len(got) != 9 {
		t.Fatalf("%d lines, want 9:\n%s", len(got), strings.Join(got, "\n"))
	}
	if diff := cmp.Diff(want, []string{got[0], got[1], got[2], got[3], got[7]}); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if wait := got[8]; !strings.HasPrefix(wait, "  waiting until ") || !strings.HasSuffix(wait, "(1m 30s): slow down") {
		t.Errorf("wait line %q", wait)
	}
	if after := l.lines(noon.Add(2 * time.Minute)); len(after) != 8 {
		t.Errorf("a wait that is over is still shown: %q", after)
	}
}

func TestMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &counter{}
		bus := new(progress.Bus)
		m := watch(bus, seen)
		m.show(func() progress.Snapshot { return progress.Snapshot{} })
		bus.Publish(events[0])
		time.Sleep(3500 * time.Millisecond)
		m.stop()
		if want := (counter{events: 1, ticks: 4, closes: 1}); *seen != want {
			t.Errorf("watcher saw %+v, want %+v", *seen, want)
		}
	})
}

type counter struct{ events, ticks, closes int }

func (c *counter) event(progress.Event)   { c.events++ }
func (c *counter) tick(progress.Snapshot) { c.ticks++ }
func (c *counter) close()                 { c.closes++ }

// manyFailures is a backend whose session has n failed and n skipped items.
func manyFailures(t *testing.T, n int) state.Backend {
	t.Helper()
	backend, err := jsondir.Open(t.TempDir(), jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	ctx := context.Background()
	if err := backend.PutSession(ctx, &state.Session{ID: "s", From: "gopro:", To: "gphotos:", BatchSize: 50}); err != nil {
		t.Fatal(err)
	}
	var items []*state.Item
	for i := range n {
		bad, no := testItem(), refused()
		bad.ID.Part, no.ID.Part = 2*i+1, 2*i+2
		bad.Name, no.Name = fmt.Sprintf("bad%03d.MP4", i), fmt.Sprintf("no%03d.360", i)
		bad.Transfer = state.Failed
		bad.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "gone", Class: fault.Item, Message: "no longer there"}}
		items = append(items, &bad, &no)
	}
	if err := backend.PutItems(ctx, "s", items...); err != nil {
		t.Fatal(err)
	}
	return backend
}

func summaryOf(t *testing.T, backend state.Backend) *gondola.Summary {
	t.Helper()
	counts, err := backend.Counts(context.Background(), "s")
	if err != nil {
		t.Fatal(err)
	}
	return &gondola.Summary{
		SessionID: "s", From: "gopro:", To: "gphotos:", Outcome: gondola.OutcomePartial, Items: counts,
		Moved:    progress.Moved{Downloaded: 4 << 20, Uploaded: 2 << 20, Resent: 5, Downloading: 2 * time.Second, Uploading: time.Second, Wall: 2 * time.Second},
		Requests: map[string]int64{"gopro": 3, "cdn": 9, "other": 1},
	}
}

func TestSummaryText(t *testing.T) {
	backend := manyFailures(t, 60)
	r := report{summary: summaryOf(t, backend), from: "gopro:", to: "gphotos:", err: errPartial, backend: backend, retry: "gondola sync"}
	var out bytes.Buffer
	r.writeText(context.Background(), &out, func(s string) string { return s })
	text := out.String()
	for _, want := range []string{
		"Session   s (gopro: to gphotos:)\n",
		"Items     120 in all: 0 created, 0 already there, 60 skipped, 60 failed, 0 pending\n",
		"Bytes     4.00 MiB downloaded, 2.00 MiB uploaded, 5 B sent again\n",
		"Time      2s; down at 2.00 MiB/s, up at 2.00 MiB/s\n",
		"Requests  3 gopro, 9 cdn, 0 gphotos_json, 0 gphotos_upload, 1 other\n",
		"Failed (60)\n  bad000.MP4: no longer there\n",
		"  … and 10 more: gondola sessions show s --outcome failed\n",
		"Skipped (60)\n  no000.360: Google Photos does not take .360 files\n",
		"  … and 10 more: gondola sessions show s --outcome skipped\n",
		"partial: finished, but some items failed\nTo go on: gondola sync\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "bad"); n != namedAtMost {
		t.Errorf("%d failures are named, want %d", n, namedAtMost)
	}
}

func TestSummaryLine(t *testing.T) {
	backend := manyFailures(t, 1)
	r := report{summary: summaryOf(t, backend), from: "gopro:", to: "gphotos:", err: errPartial, backend: backend, retry: "gondola sync"}
	got, err := json.Marshal(r.line(func(s string) string { return s }))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"summary","session_id":"s","from":"gopro:","to":"gphotos:","outcome":"partial","exit_code":3,` +
		`"items":{"total":2,"created":0,"already_there":0,"skipped":1,"failed":1,"pending":0},` +
		`"bytes":{"downloaded":4194304,"uploaded":2097152,"resent":5},` +
		`"requests":{"cdn":9,"gopro":3,"gphotos_json":0,"gphotos_upload":0,"other":1},` +
		`"seconds":{"wall":2,"downloading":2,"uploading":1},"retry":"gondola sync"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("summary line (-want +got):\n%s", diff)
	}
}

func TestTSV(t *testing.T) {
	backend := manyFailures(t, 1)
	var out bytes.Buffer
	if err := writeTSV(context.Background(), &out, backend, "s"); err != nil {
		t.Fatal(err)
	}
	want := "file_name\tdiscovery_status\ttransfer_status\tcreate_status\n" +
		"bad000.MP4\tcompleted\tfailed\tpending\n" +
		"no000.360\tcompleted\tpending\tskipped\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// searched is a backend whose items are asked for by outcome only.
type searched struct {
	state.Backend
	t *testing.T
}

func (s searched) Items(ctx context.Context, session string, q state.Query) iter.Seq2[*state.Item, error] {
	if q.Outcome == "" {
		s.t.Error("the whole session is looked at")
	}
	return s.Backend.Items(ctx, session, q)
}

// TestFailuresAreSearchedFor: naming failures costs the same in a large session.
func TestFailuresAreSearchedFor(t *testing.T) {
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	bad, no := testItem(), refused()
	no.ID.Part, bad.Transfer = 2, state.Failed
	bad.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "gone", Message: "no longer there"}}
	if err := errors.Join(b.PutSession(t.Context(), state.NewSession("s", media.Window{}, noon)), b.PutItems(t.Context(), "s", &bad, &no)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	writeNames(t.Context(), &out, searched{b, t}, "s", "s", itemCounts{Failed: 1, Skipped: 1}, 0, func(s string) string { return s })
	want := "\nFailed (1)\n  GX010048.MP4: no longer there\n\nSkipped (1)\n  GS010007.360: Google Photos does not take .360 files\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestListedSum: sizes that are not known are not counted as 0 B.
func TestListedSum(t *testing.T) {
	item := func(size int64) media.Item { return media.Item{Size: size} }
	refused := item(1)
	refused.Refusal = &media.Refusal{}
	for want, items := range map[string][]media.Item{
		"0 items":                nil,
		"1 item, 1 B":            {item(1)},
		"1 item, 0 B":            {item(0)},
		"2 items, 3 B":           {item(1), item(2)},
		"1 item of unknown size": {item(media.SizeUnknown)},
		"3 items, 2 B and 1 of unknown size; 1 not carried": {item(1), item(media.SizeUnknown), refused},
	} {
		var sum listedSum
		for _, it := range items {
			sum.add(it)
		}
		if got := sum.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestItemsAreShownAsTheyCome: the table of a session's items holds none of them back.
func TestItemsAreShownAsTheyCome(t *testing.T) {
	var out bytes.Buffer
	p := render.Printer{Format: render.Text, Out: render.NewOutput(&out)}
	rows := p.Rows(itemTable)
	it := &state.Item{Item: media.Item{Name: "GX010042.MP4", Size: 5}, Discovery: state.Completed, Transfer: state.Completed, Create: state.Pending}
	rows.Add(itemRow{newSessionItemLine(it, func(s string) string { return s }), it})
	if want := "GX010042.MP4" + strings.Repeat(" ", 30) + "5 B           completed  completed  pending\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%q does not end with %q", out.String(), want)
	}
}

// TestVerdictsReadForOneItem: what is to be done is said so that it fits one item, too.
func TestVerdictsReadForOneItem(t *testing.T) {
	for _, v := range verdictTitles {
		if words := strings.Fields(v.then); slices.Contains(words, "them") || slices.Contains(words, "they") {
			t.Errorf("%s (1): %s", v.title, v.then)
		}
	}
}
