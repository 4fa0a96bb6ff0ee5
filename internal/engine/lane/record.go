package lane

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// record is what is handed on with the lease, as the ledger keeps it: in the
// entry's DestinationID, as JSON. The entry's At is when it was written.
type record struct {
	Holder  string         `json:"holder"`            // token of the lane that wrote it
	Machine string         `json:"machine,omitempty"` // whose clock it was written by; see lease.Machine
	Writing bool           `json:"writing,omitempty"` // a write was about to begin
	Ages    []milliseconds `json:"ages,omitempty"`    // how long ago the writes of the window had ended

	at time.Time
}

// milliseconds are how the ledger keeps a duration.
type milliseconds int64

func (m milliseconds) duration() time.Duration { return time.Duration(m) * time.Millisecond }

// elapsed returns how much time has certainly passed at now since r was written:
// none by the clock of another machine.
func (r *record) elapsed(now time.Time) time.Duration {
	if r.Machine == "" || r.Machine != lease.Machine() {
		return 0
	}
	return max(now.Sub(r.at), 0)
}

// recall reads the record; nil if there is none. Of one that cannot be read, such
// as one of a later version, as many writes as are allowed are assumed to have
// just ended.
func (l *Lane) recall(ctx context.Context) (*record, error) {
	e, err := l.o.Store.Recall(ctx, state.WritesKey)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	r := &record{at: e.At}
	if json.Unmarshal([]byte(e.DestinationID), r) != nil {
		r = &record{Writing: true, Ages: make([]milliseconds, l.o.Pace.Writes)}
	}
	return r, nil
}

// save writes the record.
func (l *Lane) save(writing bool) error {
	now := time.Now()
	r := record{Holder: l.token, Machine: lease.Machine(), Writing: writing}
	for _, t := range l.window.recent(now) {
		r.Ages = append(r.Ages, milliseconds(now.Sub(t).Milliseconds()))
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	l.writing = l.writing || writing
	err = l.o.Store.Record(state.LedgerEntry{Key: state.WritesKey, DestinationID: string(text), At: now.UTC()})
	if err == nil {
		l.writing = writing
	}
	return err
}
