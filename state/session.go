package state

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Stage is one leg of a session.
type Stage string

// The stages, in order.
const (
	Discovery Stage = "discovery" // list the source
	Transfer  Stage = "transfer"  // carry the bytes
	Create    Stage = "create"    // register what was carried
)

// Status is where a stage, an item's stage or a batch stands.
type Status string

// The statuses. Running is for stages and batches: an item at rest is never
// running, so that an interrupted run leaves nothing that nobody picks up.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Skipped   Status = "skipped" // an item's create status only
)

// SchemaVersion is the version of the documents this package writes.
const SchemaVersion = 1

// Session is one resumable run: its header, without items and batches.
type Session struct {
	SchemaVersion int
	ID            string
	CreatedAt     time.Time // UTC
	UpdatedAt     time.Time // UTC; backends set it when they store the session

	// Start and End are the capture window in q2google's form: ISO datetimes
	// as the caller gave them. Window is the exact span; q2google does not
	// know it and sessions it wrote leave it zero: see [Session.CaptureWindow].
	Start, End string
	Window     *media.Window
	BatchSize  int // items per create call
	Stages     map[Stage]Status

	From, To string // stations, such as "gopro:" and "gphotos:"
	// Origin is which instance of the source the items are of, such as a user of
	// the GoPro cloud or a folder; "" until known.
	Origin string
	// Account is the destination account that the items went to; "" until known.
	Account string
	Album   string // title; "" for none
	AlbumID string
	Quality string       // "source" or a height
	Layout  string       // where the destination puts items; "" for its default
	Filter  media.Filter // which items to take

	// ProvenAt is when the last listing began that was walked to its proven end, so
	// that the session holds every item its window had at that time. Zero if none
	// was: q2google's listings prove nothing.
	ProvenAt time.Time
	// VerifiedAt is when the last verification began that found every item at
	// the destination, except those refused with a reason; UTC.
	VerifiedAt time.Time
	// Copying says that the session is being copied into its backend and is not
	// whole yet, nor may be run, until the copy has been proved.
	Copying bool

	// Extra holds keys of the stored document that this version does not know;
	// they are written back unchanged.
	Extra map[string]json.RawMessage
}

// Item is one item of a session: what it is and where it stands.
type Item struct {
	media.Item
	Seq int64 // order of discovery within the session, from 1; backends assign it on first Put

	Discovery Status
	Transfer  Status
	Create    Status

	// DownloadURL is q2google's; Gondola resolves URLs just before use and
	// stores none, but keeps what it finds.
	DownloadURL string
	Checkpoint  *station.Checkpoint // how far an interrupted upload came
	Receipt     *station.Receipt    // proof of a finished upload, until it is spent

	DestinationID string // the destination's id, once it is there
	SHA256        string // of the bytes as they passed, lower-case hex
	Carried       int64  // bytes of the finished upload
	Recorded      int64  // bytes by the source's record, if other than Carried; 0: the same, or not known
	SameAs        string // name of another file of its medium with the same bytes; "" if none is known
	AlreadyThere  bool   // it was at the destination before this session
	CarriedAgain  int    // how often a stale receipt sent it back to transfer

	CarriedAt    time.Time // when its upload was finished, UTC
	RegisteredAt time.Time // when it came to be at the destination, UTC
	// MissedAt is when a verification last looked for it at the destination and
	// did not find it, so that it is carried again; UTC.
	MissedAt time.Time

	Errors map[Stage]ErrorRecord
	Extra  map[string]json.RawMessage
}

// Remark returns what is to be said of an item that was carried; "" if nothing.
func (it *Item) Remark() string {
	if it.Carried == 0 {
		return ""
	}
	var remarks []string
	if it.Recorded != 0 {
		word := "fewer"
		if it.Carried > it.Recorded {
			word = "more"
		}
		remarks = append(remarks, fmt.Sprintf("it has %d bytes, %d %s than the source's record says",
			it.Carried, max(it.Carried-it.Recorded, it.Recorded-it.Carried), word))
	}
	if it.SameAs != "" {
		remarks = append(remarks, fmt.Sprintf("its bytes are those of %s, another file of the same medium", it.SameAs))
	}
	return strings.Join(remarks, "; ")
}

// Batch records one create call.
type Batch struct {
	Index     int
	FileNames []string // names of its items
	Status    Status
	Responses []string // the service's answers as JSON documents
	Error     *ErrorRecord
	Extra     map[string]json.RawMessage
}

// ErrorRecord is the last failure of an item's stage or of a batch. It never
// holds a secret.
type ErrorRecord struct {
	Type    string      // q2google's error_type; Gondola writes the fault's code
	Class   fault.Class // "" in records of q2google
	Message string
	Attempt int       // from 1
	At      time.Time // UTC
}

// FirstBatchIndex is where Gondola's batch numbers begin. q2google numbers its
// own from 0 in every run and does not send a slice whose number is already
// completed; numbers beyond its reach keep it from skipping items.
const FirstBatchIndex = 1_000_000

// Awaits returns the stage the item has to pass next, or "" if it is done:
// registered, or refused with a reason.
//
// It is the one rule that backends index by and that the engine works by. An
// item that q2google marked as skipped because its transfer failed awaits
// transfer: only a [media.Refusal] is final.
func (it *Item) Awaits() Stage {
	switch {
	case it.Refusal != nil:
		return ""
	case it.Discovery != Completed:
		return Discovery
	case it.Transfer != Completed:
		return Transfer
	case it.Create == Completed:
		return ""
	}
	return Create
}

// Outcome is what became of an item, in the words of the summary.
type Outcome string

// The outcomes.
const (
	OutcomeCreated      Outcome = "created"
	OutcomeAlreadyThere Outcome = "already_there"
	OutcomeSkipped      Outcome = "skipped"
	OutcomeFailed       Outcome = "failed"
	OutcomePending      Outcome = "pending"
)

// Outcome returns what became of the item so far. A failed item is one whose
// next stage failed; it is tried again by the next run.
func (it *Item) Outcome() Outcome {
	switch stage := it.Awaits(); {
	case it.Refusal != nil:
		return OutcomeSkipped
	case stage == "" && it.AlreadyThere:
		return OutcomeAlreadyThere
	case stage == "":
		return OutcomeCreated
	case stage == Transfer && it.Transfer == Failed, stage == Create && it.Create == Failed, stage == Discovery && it.Discovery == Failed:
		return OutcomeFailed
	}
	return OutcomePending
}

// Counts sums up a session's items.
type Counts struct {
	Total    int
	Outcomes map[Outcome]int
	Bytes    int64 // sum of known item sizes, refused items excluded
	Carried  int64 // bytes of finished uploads
}

// Add counts an item in. Outcomes must not be nil.
func (c *Counts) Add(it *Item) {
	outcome := it.Outcome()
	c.Total++
	c.Outcomes[outcome]++
	c.Carried += it.Carried
	if it.Refusal == nil && it.Size > 0 {
		c.Bytes += it.Size
	}
}
