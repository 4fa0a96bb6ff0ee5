package gondola

import (
	"sync/atomic"
	"time"
)

// Metrics counts what a run moves. It may be read at any time while the run
// goes on; all figures only grow.
type Metrics struct {
	downloaded atomic.Int64
	uploaded   atomic.Int64
	resent     atomic.Int64

	downloading atomic.Int64 // nanoseconds with at least one download in flight
	uploading   atomic.Int64
	wall        atomic.Int64
}

// Snapshot is the state of Metrics at one moment.
type Snapshot struct {
	Downloaded int64 // bytes read from the source
	Uploaded   int64 // bytes handed to the destination
	Resent     int64 // bytes of Uploaded that the destination had been sent before

	Downloading time.Duration // time during which at least one byte stream was open at the source
	Uploading   time.Duration // the same at the destination
	Wall        time.Duration // from the start of the run
}
