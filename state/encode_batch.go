package state

import (
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// batchFields are the fields of a [Batch] that q2google does not know.
type batchFields struct {
	ErrorClass fault.Class `json:"error_class,omitempty"`
}

// EncodeBatch returns a batch as q2google's batch document.
func EncodeBatch(b *Batch) ([]byte, error) {
	var own batchFields
	if b.Error != nil {
		own.ErrorClass = b.Error.Class
	}
	return batchMembers(b).document(&own, b.Extra)
}

func batchMembers(b *Batch) object {
	names := b.FileNames
	if names == nil {
		names = []string{}
	}
	var record any
	if b.Error != nil {
		record = b.Error.members()
	}
	return object{
		{"batch_index", b.Index},
		{"file_names", names},
		{"status", knownStatus(b.Status)},
		{"responses_json", b.Responses},
		{"error", record},
	}
}

// DecodeBatch reads a batch document, q2google's or Gondola's.
func DecodeBatch(data []byte) (*Batch, error) {
	r := newReader(data)
	if r.err == nil && isNull(r.left["batch_index"]) {
		r.err = errors.New("no batch_index")
	}
	b := &Batch{
		Index:     r.number("batch_index", 0),
		FileNames: r.list("file_names"),
		Status:    r.status("status"),
		Responses: r.list("responses_json"),
		Error:     r.record("error"),
	}
	var own batchFields
	r.own(&own)
	if b.Error != nil {
		b.Error.Class = own.ErrorClass
	}
	b.Extra = r.rest()
	if r.err != nil {
		return nil, fmt.Errorf("batch document: %w", r.err)
	}
	return b, nil
}

func (e ErrorRecord) members() object {
	return object{
		{"error_type", media.Word(e.Type)},
		{"message", media.Sentence(e.Message)},
		{"attempt", e.Attempt},
		{"updated_at", formatTime(e.At)},
	}
}

func recordMembers(records map[Stage]ErrorRecord) map[Stage]object {
	m := make(map[Stage]object, len(records))
	for stage, e := range records {
		m[stage] = e.members()
	}
	return m
}

// record reads an error record; nil if there is none.
func (r *reader) record(key string) *ErrorRecord {
	raw := r.take(key)
	if raw == nil {
		return nil
	}
	in := newReader(raw)
	e := &ErrorRecord{
		Type:    in.text("error_type"),
		Message: in.text("message"),
		Attempt: in.number("attempt", 1),
		At:      in.time("updated_at"),
	}
	if in.err != nil {
		r.fail(key, in.err)
	}
	return e
}

// records reads error records by stage; nil if there are none.
func (r *reader) records(key string) map[Stage]ErrorRecord {
	raw := r.take(key)
	if raw == nil {
		return nil
	}
	in := newReader(raw)
	var records map[Stage]ErrorRecord
	for stage := range in.left {
		if e := in.record(stage); e != nil {
			if records == nil {
				records = map[Stage]ErrorRecord{}
			}
			records[Stage(stage)] = *e
		}
	}
	if in.err != nil {
		r.fail(key, in.err)
	}
	return records
}
