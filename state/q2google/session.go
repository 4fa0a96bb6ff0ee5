package q2google

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gondola-sync/gondola/state"
)

// stages are the stages in order.
var stages = [...]state.Stage{state.Discovery, state.Transfer, state.Create}

// EncodeSession returns a session's header as q2google's metadata document. It
// fails for an ID that is not UTF-8.
func (Codec) EncodeSession(s *state.Session) ([]byte, error) {
	own, err := own.EncodeSession(s)
	if err != nil {
		return nil, err
	}
	return object{
		{"schema_version", cmp.Or(s.SchemaVersion, state.SchemaVersion)},
		{"session_id", s.ID},
		{"created_at", state.FormatTime(s.CreatedAt)},
		{"updated_at", state.FormatTime(s.UpdatedAt)},
		{"start_date_iso", s.Start},
		{"end_date_iso", s.End},
		{"batch_size", batchSize(s.BatchSize)},
		{"stages", byStage(s.Stages, true, state.Pending)},
	}.document(own, s.Extra)
}

func batchSize(n int) int {
	if n < 1 {
		return state.DefaultBatchSize
	}
	return n
}

// byStage orders a map by stage; stages it lacks stand with the value absent
// if all is set.
func byStage[T any](m map[state.Stage]T, all bool, absent T) object {
	ordered := object{}
	for _, stage := range stages {
		if v, ok := m[stage]; ok {
			ordered = append(ordered, member{string(stage), v})
		} else if all {
			ordered = append(ordered, member{string(stage), absent})
		}
	}
	for _, stage := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(stages[:], stage) {
			ordered = append(ordered, member{string(stage), m[stage]})
		}
	}
	return ordered
}

// DecodeSession reads a metadata document, q2google's or Gondola's. Of a document of q2google it knows that it goes from gopro: to
// gphotos:.
func (Codec) DecodeSession(data []byte) (*state.Session, error) {
	r := newReader(data)
	if r.ours() {
		return own.DecodeSession(data)
	}
	s := &state.Session{
		SchemaVersion: cmp.Or(r.number("schema_version", state.SchemaVersion), state.SchemaVersion),
		ID:            r.text("session_id"),
		CreatedAt:     r.time("created_at"),
		UpdatedAt:     r.time("updated_at"),
		Start:         r.text("start_date_iso"),
		End:           r.text("end_date_iso"),
		BatchSize:     batchSize(r.number("batch_size", state.DefaultBatchSize)),
		Stages:        r.stages("stages"),
		From:          "gopro:",
		To:            "gphotos:",
		Foreign:       true,
	}
	s.Extra = r.rest()
	if r.err != nil {
		return nil, fmt.Errorf("session document: %w", r.err)
	}
	return s, nil
}

func (r *reader) stages(key string) map[state.Stage]state.Status {
	m := map[state.Stage]state.Status{state.Discovery: state.Pending, state.Transfer: state.Pending, state.Create: state.Pending}
	var raw map[state.Stage]json.RawMessage
	r.into(key, &raw)
	for stage, v := range raw {
		s, err := scalar(v)
		if err != nil {
			r.fail(key, err)
		}
		m[stage] = knownStatus(state.Status(s))
	}
	return m
}
