package statetest

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// generator draws documents that use every field.
type generator struct{ t *rapid.T }

func draw[T any](g generator, label string, of *rapid.Generator[T]) T { return of.Draw(g.t, label) }

func (g generator) text(label string) string {
	return draw(g, label, rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 <>&\"\\'/.é漢🚠"), unicode.Letter, unicode.Punct), 0, 12, 40))
}

func (g generator) count(label string) int64 { return draw(g, label, rapid.Int64Range(0, 1<<40)) }

func (g generator) bool(label string) bool { return draw(g, label, rapid.Bool()) }

// time draws a time in UTC of a whole number of units, or the zero time.
func (g generator) time(label string, unit time.Duration) time.Time {
	if g.bool(label + " unknown") {
		return time.Time{}
	}
	ns := draw(g, label, rapid.Int64Range(0, 4_000_000_000_000_000_000))
	return time.Unix(0, ns).UTC().Truncate(unit)
}

func (g generator) status(label string, of ...state.Status) state.Status {
	return draw(g, label, rapid.SampledFrom(of))
}

func (g generator) extra(label string) map[string]json.RawMessage {
	extra := map[string]json.RawMessage{}
	values := []string{`null`, `true`, `12`, `"<&>é"`, `[]`, `[1,"a",null]`, `{"deep":{"deeper":[{}]}}`}
	for _, key := range draw(g, label, rapid.SliceOfN(rapid.SampledFrom([]string{"x", "notes", "zusätze", "A"}), 0, 3)) {
		extra[key] = json.RawMessage(draw(g, label+" value", rapid.SampledFrom(values)))
	}
	if g.bool(label + " of a later version") {
		extra["later"] = json.RawMessage(`{"than":"this"}`)
	}
	return extra
}

// resume draws what a destination alone reads of a checkpoint.
func (g generator) resume() json.RawMessage {
	values := []string{`{"url":"https://u.example/?a=1&b=2","granularity":262144}`, `"partial/<é>.part"`, `[1,null]`}
	return json.RawMessage(draw(g, "resume", rapid.SampledFrom(values)))
}

func (g generator) record(label string) state.ErrorRecord {
	return state.ErrorRecord{
		Type: g.text(label + " type"), Message: g.text(label + " message"),
		Class:   draw(g, label+" class", rapid.SampledFrom([]fault.Class{"", fault.Transient, fault.Item, fault.Session})),
		Attempt: int(g.count(label + " attempt")), At: g.time(label+" at", time.Microsecond),
	}
}

func (g generator) session(id string) *state.Session {
	stages := []state.Status{state.Pending, state.Running, state.Completed, state.Failed}
	s := &state.Session{
		SchemaVersion: 1, ID: id, CreatedAt: g.time("created", time.Microsecond),
		Start: g.text("start"), End: g.text("end"),
		BatchSize: draw(g, "batch size", rapid.IntRange(1, 50)),
		Stages: map[state.Stage]state.Status{
			state.Discovery: g.status("discovery", stages...),
			state.Transfer:  g.status("transfer", stages...),
			state.Create:    g.status("create", stages...),
		},
		From: g.text("from"), To: g.text("to"), Origin: g.text("origin"), Account: g.text("account"), Album: g.text("album"), AlbumID: g.text("album id"),
		Quality: g.text("quality"), Layout: g.text("layout"), ProvenAt: g.time("proven", 1), VerifiedAt: g.time("verified", 1), Copying: g.bool("copying"), Extra: g.extra("extra"),
		Filter: media.Filter{
			Types:   draw(g, "types", rapid.SliceOfN(rapid.SampledFrom([]string{"photo", "TimeLapse"}), 0, 2)),
			Include: []string{g.text("include")}, MaxItems: int(g.count("max")),
		},
	}
	s.Foreign = g.bool("foreign")
	if !s.Foreign {
		s.Window = &media.Window{Start: g.time("window start", 1), End: g.time("window end", 1)}
	}
	return s
}

func (g generator) item(n int) *state.Item {
	all := []state.Status{state.Pending, state.Completed, state.Failed}
	it := &state.Item{
		Item: media.Item{
			ID:     media.ID{Station: "gopro", Origin: g.text("origin"), Medium: g.text("medium") + fmt.Sprint(n), Part: draw(g, "part", rapid.IntRange(1, 99)), Label: g.text("label")},
			Object: g.text("object"),
			Name:   fmt.Sprintf("%s %d.JPG", g.text("name"), n), FileName: g.text("file name"), Dir: media.SafeDir(g.text("dir")), LegacyName: g.text("legacy name"),
			Size: draw(g, "size", rapid.Int64Range(media.SizeUnknown, 1<<40)), MIME: g.text("mime"),
			Kind: draw(g, "kind", rapid.SampledFrom([]media.Kind{media.Photo, media.Video, ""})), Type: g.text("type"),
			Width: int(g.count("width")), Height: int(g.count("height")), Camera: g.text("camera"),
			CapturedAt: g.time("captured", 1), CapturedZone: g.text("zone"), CreatedAt: g.time("stored", 1),
			Albums: []media.Album{{Title: g.text("album")}, {ID: "1" + g.text("album id"), Title: g.text("another")}}, Revision: g.text("revision"), Version: g.text("version"), Of: int(g.count("of")),
		},
		Discovery: g.status("discovery", all...), Transfer: g.status("transfer", all...),
		Create:      g.status("create", state.Pending, state.Completed, state.Failed, state.Skipped),
		DownloadURL: g.text("url"), DestinationID: g.text("destination"), SHA256: g.text("sha256"),
		Carried: g.count("carried"), Recorded: g.count("recorded"), SameAs: g.text("same as"), AlreadyThere: g.bool("already there"), CarriedAgain: int(g.count("carried again")),
		CarriedAt: g.time("carried at", 1), RegisteredAt: g.time("registered at", 1), MissedAt: g.time("missed at", 1),
		Extra: g.extra("extra"),
	}
	g.progress(it)
	return it
}

// progress draws what an item has only sometimes.
func (g generator) progress(it *state.Item) {
	if g.bool("refused") {
		it.Refusal = &media.Refusal{Code: media.RefusedType, Reason: g.text("reason")}
	}
	if g.bool("interrupted") {
		it.Checkpoint = &station.Checkpoint{
			Size: g.count("size"), Confirmed: g.count("confirmed"), Resume: g.resume(),
			StartedAt: g.time("started", 1), Version: g.text("version"), Account: g.text("account"),
			HashAt: g.count("hash at"), HashState: draw(g, "hash state", rapid.SliceOfN(rapid.Byte(), 0, 20)),
		}
	}
	if g.bool("carried") {
		it.Receipt = &station.Receipt{Token: g.text("token"), Size: g.count("size"), SHA256: g.text("sha256"), At: g.time("at", 1), Once: g.bool("once")}
	}
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		if g.bool("failed in " + string(stage)) {
			if it.Errors == nil {
				it.Errors = map[state.Stage]state.ErrorRecord{}
			}
			it.Errors[stage] = g.record(string(stage))
		}
	}
}

func (g generator) batch(n int) *state.Batch {
	b := &state.Batch{
		Index:     state.FirstBatchIndex + n,
		FileNames: draw(g, "files", rapid.SliceOfN(rapid.SampledFrom([]string{"a.jpg", "b<>.jpg", "é.mp4"}), 0, 3)),
		Status:    g.status("status", state.Pending, state.Running, state.Completed, state.Failed),
		Responses: draw(g, "responses", rapid.SliceOfN(rapid.SampledFrom([]string{`{"newMediaItemResults":[]}`, "no JSON"}), 0, 2)),
		Extra:     g.extra("extra"),
	}
	if g.bool("error") {
		e := g.record("error")
		b.Error = &e
	}
	return b
}
