package media

import "time"

// Window is a span of capture times, both ends included. A zero end is open.
type Window struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}
