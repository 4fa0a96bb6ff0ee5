package q2google

import (
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
)

// EncodeBatch returns a batch as q2google's batch document.
func (Codec) EncodeBatch(b *state.Batch) ([]byte, error) {
	own, err := own.EncodeBatch(b)
	if err != nil {
		return nil, err
	}
	names := b.FileNames
	if names == nil {
		names = []string{}
	}
	var record any
	if b.Error != nil {
		record = recordMember(*b.Error)
	}
	return object{
		{"batch_index", b.Index},
		{"file_names", names},
		{"status", knownStatus(b.Status)},
		{"responses_json", b.Responses},
		{"error", record},
	}.document(own, b.Extra)
}

// DecodeBatch reads a batch document, q2google's or Gondola's.
func (Codec) DecodeBatch(data []byte) (*state.Batch, error) {
	r := newReader(data)
	if r.err == nil && isNull(r.left["batch_index"]) {
		r.err = errors.New("no batch_index")
	}
	if r.err == nil && r.ours() {
		return own.DecodeBatch(data)
	}
	b := &state.Batch{
		Index:     r.number("batch_index", 0),
		FileNames: r.list("file_names"),
		Status:    r.status("status"),
		Responses: r.list("responses_json"),
		Error:     r.record("error"),
	}
	b.Extra = r.rest()
	if r.err != nil {
		return nil, fmt.Errorf("batch document: %w", r.err)
	}
	return b, nil
}

// recordMember returns an error record; q2google leaves out the class.
func recordMember(e state.ErrorRecord) object {
	e = e.Bounded()
	o := object{
		{"error_type", e.Type},
		{"message", e.Message},
		{"attempt", e.Attempt},
		{"updated_at", state.FormatTime(e.At)},
	}
	if e.Class != "" {
		o = append(o, member{"class", e.Class})
	}
	return o
}

func recordMembers(records map[state.Stage]state.ErrorRecord) map[state.Stage]object {
	m := make(map[state.Stage]object, len(records))
	for stage, e := range records {
		m[stage] = recordMember(e)
	}
	return m
}

// record reads an error record; nil if there is none.
func (r *reader) record(key string) *state.ErrorRecord {
	raw := r.take(key)
	if raw == nil {
		return nil
	}
	in := newReader(raw)
	e := &state.ErrorRecord{
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
func (r *reader) records(key string) map[state.Stage]state.ErrorRecord {
	raw := r.take(key)
	if raw == nil {
		return nil
	}
	in := newReader(raw)
	var records map[state.Stage]state.ErrorRecord
	for stage := range in.left {
		if e := in.record(stage); e != nil {
			if records == nil {
				records = map[state.Stage]state.ErrorRecord{}
			}
			records[state.Stage(stage)] = *e
		}
	}
	if in.err != nil {
		r.fail(key, in.err)
	}
	return records
}
