package fault

import "time"

// Retry bounds how often an operation is repeated while its failures are
// [Transient]. The zero Retry is filled with defaults.
type Retry struct {
	Base     time.Duration // first wait; default 1 s
	Max      time.Duration // longest wait that backoff grows to; default 60 s
	Attempts int           // at most so many calls; default 6
	// Budget is the longest time from the first call to the start of the last,
	// not counting the waits that a service asked for; default 15 min.
	Budget time.Duration
	// Obey is the longest wait that a service may ask for: a failure that asks
	// for more ends the repetition; default 24 h.
	Obey time.Duration
}
