package cli

import (
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// jsonLines shows a run as JSON lines on standard output.
type jsonLines struct{ a *app }

type stageLine struct {
	Type   string       `json:"type"`
	Stage  state.Stage  `json:"stage"`
	Status state.Status `json:"status"`
	Time   time.Time    `json:"time"`
	Error  *errorObject `json:"error,omitempty"`
}

type itemLine struct {
	Type   string       `json:"type"`
	Key    string       `json:"key"`
	Name   string       `json:"name"`
	Stage  state.Stage  `json:"stage"`
	Status state.Status `json:"status"`
	Bytes  int64        `json:"bytes"`
	Error  *errorObject `json:"error,omitempty"`
	Remark string       `json:"remark,omitempty"`
}

type progressLine struct {
	Type           string  `json:"type"`
	ItemsTotal     int     `json:"items_total"`
	ItemsDone      int     `json:"items_done"`
	BytesTotal     int64   `json:"bytes_total"`
	BytesDone      int64   `json:"bytes_done"`
	BytesPerSecond float64 `json:"bytes_per_second"`
	Downloaded     int64   `json:"bytes_downloaded"`
	Uploaded       int64   `json:"bytes_uploaded"`
	InFlight       int     `json:"items_in_flight"`
}

type waitLine struct {
	Type   string    `json:"type"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

type noticeLine struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (j jsonLines) event(e gondola.Event) {
	switch e := e.(type) {
	case gondola.StageEvent:
		j.a.json(stageLine{"stage", e.Stage, e.Status, e.Time.UTC(), j.failure(e.Err)})
	case gondola.ItemEvent:
		j.a.json(itemLine{"item", itemKey(&e.Item), e.Item.Name, e.Stage, e.Status, itemBytes(&e.Item), j.itemFailure(e), e.Item.Remark()})
	case gondola.WaitEvent:
		j.a.json(waitLine{"wait", j.a.redact(e.Reason), e.Until.UTC()})
	case gondola.NoticeEvent:
		j.a.json(noticeLine{"notice", j.a.redact(e.Text)})
	}
}

// tellNotice tells of a notice, to people or programs, while no monitor does.
func (a *app) tellNotice(e gondola.Event) {
	if _, ok := e.(gondola.NoticeEvent); !ok {
		return
	}
	if a.format == formatJSON {
		jsonLines{a}.event(e)
	}
	(&plain{out: a.talk(), redact: a.redact, now: a.now}).event(e)
}

func (j jsonLines) tick(p pulse) {
	j.a.json(progressLine{
		Type:       "progress",
		ItemsTotal: p.ItemsTotal, ItemsDone: p.ItemsDone,
		BytesTotal: p.BytesTotal, BytesDone: p.BytesDone, BytesPerSecond: p.Speed,
		Downloaded: p.Downloaded, Uploaded: p.Uploaded, InFlight: len(p.InFlight),
	})
}

func (jsonLines) close() {}

func (j jsonLines) failure(err error) *errorObject {
	if err == nil {
		return nil
	}
	d := describe(err, j.a.redact)
	return &d
}

// itemFailure says why an item failed or is skipped.
func (j jsonLines) itemFailure(e gondola.ItemEvent) *errorObject {
	switch {
	case e.Err != nil:
		d := describe(e.Err, j.a.redact)
		d.Class = fault.ClassOf(e.Err)
		return &d
	case e.Status == state.Skipped && e.Item.Refusal != nil:
		return &errorObject{Class: fault.Item, Code: e.Item.Refusal.Code, Message: e.Item.Refusal.Reason}
	}
	return nil
}

// itemKey identifies an item: by its identity, or by its name where q2google
// left no more.
func itemKey(it *state.Item) string {
	if key := it.ID.Key(); key != "" {
		return key
	}
	return it.Name
}

// itemBytes is the size of an item as far as it is known.
func itemBytes(it *state.Item) int64 {
	if it.Carried > 0 {
		return it.Carried
	}
	return max(it.Size, 0)
}
