package progress

import (
	"time"

	"github.com/gondola-sync/gondola/state"
)

// Snapshot is a run at one moment. Totals grow while the listing goes on.
type Snapshot struct {
	Session string    `json:"session"`
	At      time.Time `json:"at"`       // of the snapshot
	BeganAt time.Time `json:"began_at"` // of the run
	Ended   bool      `json:"ended,omitempty"`

	Stages map[state.Stage]state.Status `json:"stages"`

	ItemsTotal  int   `json:"items_total"`
	ItemsDone   int   `json:"items_done"`
	ItemsFailed int   `json:"items_failed"` // by this run
	BytesTotal  int64 `json:"bytes_total"`  // of the items whose size is known
	BytesDone   int64 `json:"bytes_done"`

	Moved Moved   `json:"moved"`
	Down  float64 `json:"down"` // bytes a second read from the source lately
	Up    float64 `json:"up"`   // bytes a second handed to the destination lately
	// Left is the time until everything that is listed is carried, at the rate of
	// late; 0 if unknown.
	Left time.Duration `json:"left"`

	InFlight []Transfer `json:"in_flight"` // by name
	Waits    []Wait     `json:"waits,omitempty"`
	Paused   bool       `json:"paused,omitempty"`
	// Transfers is how many files may be in flight at once; 0 if the run finds
	// that out.
	Transfers int `json:"transfers"`
}

// Transfer is one item on its way.
type Transfer struct {
	Key   string    `json:"key,omitempty"`
	Name  string    `json:"name"`
	Size  int64     `json:"size"` // bytes, or media.SizeUnknown
	Read  int64     `json:"read"` // bytes read from the source by this run
	Done  int64     `json:"done"` // bytes the destination has been handed, earlier runs included
	Down  float64   `json:"down"` // bytes a second lately
	Up    float64   `json:"up"`   // bytes a second lately
	Since time.Time `json:"since"`
}

// Moved is what a run has moved up to one moment.
type Moved struct {
	Downloaded int64 `json:"downloaded"` // bytes read from the source
	Uploaded   int64 `json:"uploaded"`   // bytes handed to the destination
	Resent     int64 `json:"resent"`     // bytes of Uploaded that the destination had been sent before

	Downloading time.Duration `json:"downloading"` // with at least one item open at the source
	Uploading   time.Duration `json:"uploading"`   // with at least one upload open at the destination
	Wall        time.Duration `json:"wall"`        // since the run began
}
