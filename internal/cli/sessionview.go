package cli

import (
	"context"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// sessionLine is a session in JSON.
type sessionLine struct {
	Type      string                       `json:"type"`
	SessionID string                       `json:"session_id"`
	From      string                       `json:"from"`
	To        string                       `json:"to"`
	Start     string                       `json:"start,omitempty"`
	End       string                       `json:"end,omitempty"`
	Window    media.Window                 `json:"window"`
	Album     string                       `json:"album,omitempty"`
	Albums    string                       `json:"albums,omitempty"`
	Quality   string                       `json:"quality,omitempty"`
	Filter    media.Filter                 `json:"filter"`
	BatchSize int                          `json:"batch_size"`
	CreatedAt time.Time                    `json:"created_at"`
	UpdatedAt time.Time                    `json:"updated_at"`
	Stages    map[state.Stage]state.Status `json:"stages"`
	Items     itemCounts                   `json:"items"`
	Bytes     sessionBytes                 `json:"bytes"`
	Verified  time.Time                    `json:"verified_at,omitzero"` // everything was at the destination
	Copying   bool                         `json:"copying,omitempty"`    // it is not whole
	Run       *runObject                   `json:"run,omitempty"`        // a process runs it
}

// sessionView is a session to be shown, with the run that goes on.
type sessionView struct {
	sessionLine
	run    *observe.Run // nil: no process holds the session
	now    time.Time    // when the session was looked at
	redact func(string) string
}

// viewOf returns the session of an id as it is shown.
func (a *app) viewOf(ctx context.Context, backend state.Backend, id string) (*sessionView, error) {
	s, err := a.session(ctx, backend, id)
	if err != nil {
		return nil, err
	}
	for session, holder := range observe.Held(ctx, backend) {
		if session == id {
			return a.view(ctx, backend, s, holder)
		}
	}
	return a.view(ctx, backend, s, nil)
}

// view returns a session as it is shown. holder holds its lock, if it is not nil.
func (a *app) view(ctx context.Context, backend state.Backend, s *state.Session, holder *state.LockedError) (*sessionView, error) {
	counts, err := backend.Counts(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	v := &sessionView{sessionLine: newSessionLine(s, counts), now: a.now(), redact: a.redact}
	if holder != nil {
		if v.run, err = observe.Of(ctx, backend, holder); err != nil {
			return nil, err
		}
		v.Run = newRunObject(v.run, v.now, a.redact)
	}
	return v, nil
}

type sessionBytes struct {
	Total   int64 `json:"total"`
	Carried int64 `json:"carried"`
}

func newSessionLine(s *state.Session, c state.Counts) sessionLine {
	l := sessionLine{
		Type: "session", SessionID: s.ID, From: s.From, To: s.To,
		Start: s.Start, End: s.End,
		Album: s.Album, Albums: s.Albums, Quality: s.Quality, Filter: s.Filter, BatchSize: s.BatchSize,
		CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(),
		Stages: map[state.Stage]state.Status{},
		Items:  countsOf(c),
		Bytes:  sessionBytes{c.Bytes, c.Carried},

		Verified: s.VerifiedAt.UTC(), Copying: s.Copying,
	}
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		l.Stages[stage] = state.Pending
		if status, ok := s.Stages[stage]; ok {
			l.Stages[stage] = status
		}
	}
	if w, err := s.CaptureWindow(); err == nil {
		l.Window = w
	}
	return l
}

func (l sessionLine) windowText() string { return l.Window.String() }

// sessionItemLine is an item of a session in JSON.
type sessionItemLine struct {
	Type          string        `json:"type"`
	Key           string        `json:"key"`
	Name          string        `json:"name"`
	Discovery     state.Status  `json:"discovery_status"`
	Transfer      state.Status  `json:"transfer_status"`
	Create        state.Status  `json:"create_status"`
	Outcome       state.Outcome `json:"outcome"`
	Bytes         int64         `json:"bytes"`
	Confirmed     int64         `json:"bytes_confirmed,omitempty"` // of an interrupted upload
	Kind          media.Kind    `json:"kind,omitempty"`
	MIME          string        `json:"mime,omitempty"`
	CapturedAt    time.Time     `json:"captured_at,omitzero"`
	SHA256        string        `json:"sha256,omitempty"`
	DestinationID string        `json:"destination_id,omitempty"`
	Remark        string        `json:"remark,omitempty"`
	Error         *errorObject  `json:"error,omitempty"`
}

func newSessionItemLine(it *state.Item, redact func(string) string) sessionItemLine {
	l := sessionItemLine{
		Type: "item", Key: itemKey(it), Name: it.Name,
		Discovery: it.Discovery, Transfer: it.Transfer, Create: it.Create,
		Outcome: it.Outcome(), Bytes: itemBytes(it),
		Kind: it.Kind, MIME: it.MIME, CapturedAt: it.CapturedAt,
		SHA256: it.SHA256, DestinationID: it.DestinationID, Remark: it.Remark(),
	}
	if it.Refusal != nil {
		l.Create = state.Skipped
		l.Error = &errorObject{Class: fault.Item, Code: it.Refusal.Code, Message: it.Refusal.Reason}
	} else if record := it.Failure(); record != nil {
		l.Error = &errorObject{Class: record.Class, Code: record.Type, Message: redact(record.Message)}
	}
	if it.Checkpoint != nil {
		l.Confirmed = it.Checkpoint.Confirmed
	}
	return l
}
