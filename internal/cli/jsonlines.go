package cli

import (
	"cmp"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// jsonLines shows a run as JSON lines, if that is the format of the result.
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
	Type string `json:"type"`
	waitObject
}

type noticeLine struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (j jsonLines) event(e progress.Event) {
	switch e := e.(type) {
	case progress.Stage:
		j.a.print.JSON(stageLine{"stage", e.Stage, e.Status, e.At, faultObject(e.Fault, j.a.redact)})
	case progress.Item:
		if e.Status == state.Pending {
			return // transferred again: nothing has come to an end
		}
		j.a.print.JSON(itemLine{"item", cmp.Or(e.Key, e.Name), e.Name, e.Stage, e.Status, e.Bytes, faultObject(e.Fault, j.a.redact), e.Remark})
	case progress.Wait:
		j.a.print.JSON(waitLine{"wait", waitObject{j.a.redact(e.Reason), e.Until}})
	case progress.Notice:
		j.a.print.JSON(noticeLine{"notice", j.a.redact(e.Text)})
	}
}

// showNotice shows a notice while no monitor does.
func (a *app) showNotice(e progress.Event) {
	notice, ok := e.(progress.Notice)
	if !ok {
		return
	}
	a.print.JSON(noticeLine{"notice", a.redact(notice.Text)})
	(&plain{out: a.talk(), redact: a.redact, now: a.now}).event(e)
}

func (j jsonLines) tick(p progress.Snapshot) {
	j.a.print.JSON(progressLine{
		Type:       "progress",
		ItemsTotal: p.ItemsTotal, ItemsDone: p.ItemsDone,
		BytesTotal: p.BytesTotal, BytesDone: p.BytesDone, BytesPerSecond: p.Up,
		Downloaded: p.Moved.Downloaded, Uploaded: p.Moved.Uploaded, InFlight: len(p.InFlight),
	})
}

func (jsonLines) close() {}

// faultObject returns the reason of a failure as it is printed, or nil.
func faultObject(f *progress.Fault, redact func(string) string) *errorObject {
	if f == nil {
		return nil
	}
	d := &errorObject{Class: f.Class, Code: f.Code, Message: redact(onceEach(f.Message)), Hint: redact(f.Hint), Until: f.Until}
	if d.Code == fault.Unreachable && d.Hint == "" {
		d.Hint = unreachableHint
	}
	return d
}

// itemKey identifies an item: by its identity, or by its name if it is
// known by that only.
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
