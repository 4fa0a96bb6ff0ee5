package progress

import (
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// Event is one thing that happened: a [Stage], an [Item], a [Wait], a [Notice] or
// a [Dropped].
type Event interface{ event() }

// Stage says that a stage of the session started or ended.
type Stage struct {
	Stage  state.Stage  `json:"stage"`
	Status state.Status `json:"status"` // Running, Completed or Failed
	At     time.Time    `json:"at"`
	Fault  *Fault       `json:"fault,omitempty"` // with Failed
}

// Item says that a stage of an item ended.
type Item struct {
	Seq    int64        `json:"seq,omitempty"` // order of discovery; 0 if the item is in no session
	Key    string       `json:"key,omitempty"` // media.ID.Key; "" of an item known by name only
	Name   string       `json:"name"`
	Stage  state.Stage  `json:"stage"`
	Status state.Status `json:"status"` // Completed, Failed, Skipped, or Pending: it is carried again
	At     time.Time    `json:"at"`
	Bytes  int64        `json:"bytes"`            // of the file, as far as known
	Fault  *Fault       `json:"fault,omitempty"`  // why it failed or is skipped
	Remark string       `json:"remark,omitempty"` // of an item that arrived, such as a size other than recorded
}

// Wait says that the run waits.
type Wait struct {
	Reason string    `json:"reason"` // a clause, such as "the daily quota is spent"
	Until  time.Time `json:"until,omitzero"`
}

// Notice is a sentence that a user should read.
type Notice struct {
	Text string `json:"text"`
}

// Dropped says that events before the next one did not fit into the subscriber's
// buffer.
type Dropped struct {
	Events int `json:"events"`
}

func (Stage) event()   {}
func (Item) event()    {}
func (Wait) event()    {}
func (Notice) event()  {}
func (Dropped) event() {}

// Fault is the reason of a failure, as a value without credentials.
type Fault struct {
	Class   fault.Class `json:"class"`
	Code    string      `json:"code"` // a stable word, such as "gone"
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"` // what to do about it
	Until   time.Time   `json:"until,omitzero"` // when it ends by itself, if known
}
