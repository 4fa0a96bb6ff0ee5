package emulator

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
)

// FaultKind says what goes wrong.
type FaultKind = fault.Kind

// Faults that any route knows.
const (
	FaultStatus      = fault.Status      // answer Status and Body instead of doing the work
	FaultHTML        = fault.HTML        // answer Status (default 503) with a web page instead of doing the work
	FaultMalformed   = fault.Malformed   // answer 200 with broken JSON instead of doing the work
	FaultResetBefore = fault.ResetBefore // reset the connection instead of doing the work
	FaultResetAfter  = fault.ResetAfter  // do the work, then reset the connection without an answer
	FaultCutResponse = fault.CutResponse // close the connection after After bytes of the response body
	FaultCutRequest  = fault.CutRequest  // reset the connection after After bytes of the request body
	FaultStall       = fault.Stall       // with After bytes of the body sent, wait Delay, or for ever if 0
	FaultSlow        = fault.Slow        // wait Delay before each After (default 65536) bytes of the response body
	FaultTruncate    = fault.Truncate    // send the first After (default half) bytes of the body, framed as if that were all
	FaultWrongLength = fault.WrongLength // declare After (default 100) more bytes than are sent
)

// Faults that only some routes know; each handler says how it behaves.
const (
	FaultIgnoreRange     = fault.IgnoreRange     // cdn.get: 200 where 206 was asked
	FaultChanged         = fault.Changed         // cdn.get, cdn.head: the object has new bytes, ETag and Last-Modified from now on
	FaultEncoded         = fault.Encoded         // cdn.get: the object comes compressed by gzip, although identity was asked for
	FaultExpired         = fault.Expired         // cdn.*, bytes.get: the signed URL is treated as expired
	FaultShortPage       = fault.ShortPage       // listings, photos.batchGet, originals of gopro.download: fewer rows than due (Count, default 12), counters right
	FaultEmpty           = fault.Empty           // gopro.download: nothing is listed, though the row says what there is
	FaultRepeatPage      = fault.RepeatPage      // listings: the page before this one again
	FaultReorder         = fault.Reorder         // listings, photos.batchGet, originals of gopro.download: the rows in another order
	FaultInsertRows      = fault.InsertRows      // gopro.search: Count (default 1) new media appear before this page
	FaultRemoveRows      = fault.RemoveRows      // gopro.search: Count (default 1) newest media vanish before this page
	FaultLoseSession     = fault.LoseSession     // upload.*: the upload session is forgotten
	FaultLoseToken       = fault.LoseToken       // upload.*: finalized, but the answer with the token is lost
	FaultNoStatus        = fault.NoStatus        // upload.*: the work is done, and the answer does not say how the session stands
	FaultItemCode        = fault.ItemCode        // photos.batchCreate, photos.batchGet: item Item (from 0) answers code Status, at batchCreate in the words of Body
	FaultQuotaDaily      = fault.QuotaDaily      // google: the quota of the day is spent
	FaultQuotaMinute     = fault.QuotaMinute     // google: the quota of the minute is spent
	FaultQuotaConcurrent = fault.QuotaConcurrent // google: concurrent write request
	FaultStorageFull     = fault.StorageFull     // photos.batchCreate: the account is full
	FaultRevoke          = fault.Revoke          // google.token: the refresh token is revoked
)

// Fault makes a call go wrong. In JSON, Delay is a string such as "2s".
type Fault struct {
	// Route is a path.Match pattern on route names, such as "cdn.get" or
	// "photos.*"; "" is every route.
	Route string `json:"route"`
	// Path is a path.Match pattern on the paths of URLs, such as
	// "/*/*/source/*/2.mp4"; "" is every path.
	Path string `json:"path,omitempty"`
	// Call is the first call that the fault hits, counted from 1 at the moment
	// it was added among the calls of its Route and Path; 0 means the next one.
	Call int `json:"call,omitempty"`
	// Times is how many calls it hits from there on; 0 means once, a negative
	// number means for ever.
	Times int       `json:"times,omitempty"`
	Kind  FaultKind `json:"kind"`

	Status      int               `json:"status,omitempty"`       // HTTP status, or code of the item
	Body        string            `json:"body,omitempty"`         // "": the service's own body for Status
	ContentType string            `json:"content_type,omitempty"` // of Body
	Header      map[string]string `json:"header,omitempty"`       // added to the answer
	RetryAfter  string            `json:"retry_after,omitempty"`  // seconds or an HTTP date
	After       int64             `json:"after,omitempty"`        // bytes
	Count       int               `json:"count,omitempty"`        // rows
	Item        int               `json:"item,omitempty"`         // index within a batch, from 0
	Delay       time.Duration     `json:"-"`                      // of a stall, or before each piece
}

type faultJSON struct {
	*faultFields
	Delay string `json:"delay,omitempty"`
}

type faultFields Fault

// MarshalJSON renders the fault with Delay as a string.
func (f Fault) MarshalJSON() ([]byte, error) {
	fields := faultFields(f)
	out := faultJSON{faultFields: &fields}
	if f.Delay != 0 {
		out.Delay = f.Delay.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a fault with Delay as a string. Unknown members and kinds
// are errors, so that a fault with a typo does not pass for an absent one.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	in.faultFields = (*faultFields)(f)
	if err := decodeStrictly(data, &in); err != nil {
		return err
	}
	if in.Delay != "" {
		delay, err := time.ParseDuration(in.Delay)
		if err != nil {
			return fmt.Errorf("delay: %w", err)
		}
		f.Delay = delay
	}
	return fault.Fault(*f).Check()
}

// Faults holds the faults that wait for their calls. It is safe for concurrent
// use.
type Faults struct{ queue fault.Queue }

// Add lets faults wait for their calls. When several wait for the same call,
// the one added first hits it and the others wait for the next one. It panics on
// a kind or a pattern that cannot be, which is a mistake in the test.
func (fs *Faults) Add(faults ...Fault) {
	for _, f := range faults {
		if err := fault.Fault(f).Check(); err != nil {
			panic("emulator: " + err.Error())
		}
	}
	for _, f := range faults {
		fs.queue.Add(fault.Fault(f))
	}
}

// Clear takes back all faults.
func (fs *Faults) Clear() { fs.queue.Clear() }

// Waiting returns how many faults have not yet hit all of their calls.
func (fs *Faults) Waiting() int { return fs.queue.Waiting() }
