package q2google

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state"
)

// sessionDocument is q2google's metadata document.
type sessionDocument struct {
	SchemaVersion number        `json:"schema_version"`
	ID            text          `json:"session_id"`
	CreatedAt     moment        `json:"created_at"`
	UpdatedAt     moment        `json:"updated_at"`
	Start         text          `json:"start_date_iso"`
	End           text          `json:"end_date_iso"`
	BatchSize     number        `json:"batch_size"`
	Stages        byStage[text] `json:"stages"`
}

// EncodeSession returns a session's header as q2google's metadata document. It
// fails for an ID that is not UTF-8.
func (Codec) EncodeSession(s *state.Session) ([]byte, error) {
	data, err := own.EncodeSession(s)
	if err != nil {
		return nil, err
	}
	stored := *s
	stored.Normalize()
	doc := &sessionDocument{
		SchemaVersion: number(stored.SchemaVersion), ID: text(s.ID), CreatedAt: moment(s.CreatedAt), UpdatedAt: moment(s.UpdatedAt),
		Start: text(s.Start), End: text(s.End), BatchSize: number(stored.BatchSize), Stages: byStage[text]{},
	}
	for stage, status := range stored.Stages {
		doc.Stages[stage] = text(status)
	}
	return join(doc, s.Extra, data)
}

// DecodeSession reads a metadata document, q2google's or Gondola's. Of a document
// of q2google it knows that it goes from gopro: to gphotos:.
func (Codec) DecodeSession(data []byte) (*state.Session, error) {
	if ours(data) {
		return own.DecodeSession(data)
	}
	var doc sessionDocument
	extra, err := state.DecodeFields(data, &doc)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	s := &state.Session{
		SchemaVersion: int(doc.SchemaVersion), ID: string(doc.ID), CreatedAt: time.Time(doc.CreatedAt), UpdatedAt: time.Time(doc.UpdatedAt),
		Foreign: true, Start: string(doc.Start), End: string(doc.End), BatchSize: int(doc.BatchSize),
		Stages: map[state.Stage]state.Status{}, From: "gopro:", To: "gphotos:", Extra: state.Unclaimed(extra),
	}
	for stage, status := range doc.Stages {
		s.Stages[stage] = state.Status(status)
	}
	s.Normalize()
	return s, nil
}
