package state

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/media"
)

// stages are the stages in order.
var stages = [...]Stage{Discovery, Transfer, Create}

// sessionFields are the fields of a [Session] that q2google does not know.
type sessionFields struct {
	From       string        `json:"from,omitempty"`
	To         string        `json:"to,omitempty"`
	Origin     string        `json:"origin,omitempty"`
	Account    string        `json:"account,omitempty"`
	Album      string        `json:"album,omitempty"`
	AlbumID    string        `json:"album_id,omitempty"`
	Quality    string        `json:"quality,omitempty"`
	Layout     string        `json:"layout,omitempty"`
	Filter     media.Filter  `json:"filter,omitzero"`
	Window     *media.Window `json:"window,omitempty"`
	ProvenAt   time.Time     `json:"proven_at,omitzero"`
	VerifiedAt time.Time     `json:"verified_at,omitzero"`
	Copying    bool          `json:"copying,omitempty"`
}

// EncodeSession returns a session's header as q2google's metadata document. Times
// outside the years 1 to 9999 are unknown. It fails for an ID that is not UTF-8.
func EncodeSession(s *Session) ([]byte, error) {
	if !utf8.ValidString(s.ID) {
		return nil, fmt.Errorf("session id %q is not valid UTF-8", s.ID)
	}
	return sessionMembers(s).document(&sessionFields{
		From: s.From, To: s.To, Origin: s.Origin, Account: s.Account, Album: s.Album, AlbumID: s.AlbumID,
		Quality: s.Quality, Layout: s.Layout, Filter: s.Filter, Window: boundedWindow(s.Window), ProvenAt: media.Moment(s.ProvenAt),
		VerifiedAt: media.Moment(s.VerifiedAt), Copying: s.Copying,
	}, s.Extra)
}

func boundedWindow(w *media.Window) *media.Window {
	if w == nil {
		return nil
	}
	return &media.Window{Start: media.Moment(w.Start), End: media.Moment(w.End)}
}

func sessionMembers(s *Session) object {
	return object{
		{"schema_version", cmp.Or(s.SchemaVersion, SchemaVersion)},
		{"session_id", s.ID},
		{"created_at", formatTime(s.CreatedAt)},
		{"updated_at", formatTime(s.UpdatedAt)},
		{"start_date_iso", s.Start},
		{"end_date_iso", s.End},
		{"batch_size", batchSize(s.BatchSize)},
		{"stages", byStage(s.Stages, true, Pending)},
	}
}

func batchSize(n int) int {
	if n < 1 {
		return DefaultBatchSize
	}
	return n
}

// byStage orders a map by stage; stages it lacks stand with the value absent
// if all is set.
func byStage[T any](m map[Stage]T, all bool, absent T) object {
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

// DecodeSession reads a metadata document, q2google's or Gondola's; ours tells
// which. Of a document of q2google it knows that it goes from gopro: to
// gphotos:.
func DecodeSession(data []byte) (s *Session, ours bool, err error) {
	r := newReader(data)
	s = &Session{
		SchemaVersion: cmp.Or(r.number("schema_version", SchemaVersion), SchemaVersion),
		ID:            r.text("session_id"),
		CreatedAt:     r.time("created_at"),
		UpdatedAt:     r.time("updated_at"),
		Start:         r.text("start_date_iso"),
		End:           r.text("end_date_iso"),
		BatchSize:     batchSize(r.number("batch_size", DefaultBatchSize)),
		Stages:        r.stages("stages"),
	}
	own := sessionFields{From: "gopro:", To: "gphotos:"}
	if ours = hasOwn(r); ours {
		own = sessionFields{}
		r.own(&own)
	}
	s.From, s.To, s.Origin, s.Account, s.Album, s.AlbumID = own.From, own.To, own.Origin, own.Account, own.Album, own.AlbumID
	s.Quality, s.Layout, s.Filter, s.Window, s.ProvenAt = own.Quality, own.Layout, own.Filter, own.Window, own.ProvenAt
	s.VerifiedAt, s.Copying = own.VerifiedAt, own.Copying
	s.Extra = r.rest()
	if r.err != nil {
		return nil, false, fmt.Errorf("session document: %w", r.err)
	}
	return s, ours, nil
}

func hasOwn(r *reader) bool { return !isNull(r.left[ownKey]) }

func (r *reader) stages(key string) map[Stage]Status {
	m := map[Stage]Status{Discovery: Pending, Transfer: Pending, Create: Pending}
	var raw map[Stage]json.RawMessage
	r.into(key, &raw)
	for stage, v := range raw {
		s, err := scalar(v)
		if err != nil {
			r.fail(key, err)
		}
		m[stage] = knownStatus(Status(s))
	}
	return m
}
