package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// moment is when a run of the command is killed.
type moment struct {
	kind  string // "time", "requests" or "bytes"
	after int64  // milliseconds, requests answered or bytes received, see session.progress
}

// patience is how long a moment of bytes or requests is waited for, beside the
// time that moments of time have.
const patience = time.Second

// newMoment draws a moment for a session.
func (o sessionOptions) newMoment(rng *rand.Rand) moment {
	if o.line > 0 {
		return moment{"time", 300 + rng.Int64N(2200)}
	}
	n := int64(o.items)
	switch rng.IntN(3) {
	case 0:
		return moment{"time", rng.Int64N(120 + n)}
	case 1:
		return moment{"requests", rng.Int64N(12 + n/5)}
	}
	return moment{"bytes", rng.Int64N(2*mib + n*8*kib)}
}

func (m moment) String() string {
	return fmt.Sprintf("%d %s", m.after, map[string]string{"time": "ms", "requests": "requests", "bytes": "bytes"}[m.kind])
}

// due returns a function that reports whether the moment has come, counted from now.
func (m moment) due(s *session) func() bool {
	began := time.Now()
	if m.kind == "time" {
		at := time.Duration(m.after) * time.Millisecond
		return func() bool { return time.Since(began) >= at }
	}
	start := s.progress(m.kind)
	return func() bool { return s.progress(m.kind)-start > m.after || time.Since(began) > patience }
}

// progress returns how far a session is, in requests that the services have answered
// or bytes that the resumable uploads have received. Of a folder it is the bytes that
// lie in it, and the files if no request is made.
func (s *session) progress(kind string) int64 {
	if s.ends.target == "" && kind == "bytes" {
		return inSegments(s.cloud)
	}
	if s.ends.target == "" || s.ends.source == "" && kind == "requests" {
		return int64(s.cloud.Log.Count(""))
	}
	files, bytes := s.ends.size()
	if kind == "bytes" {
		return bytes
	}
	return files
}

// inSegments returns how many bytes the resumable uploads have received.
func inSegments(cloud *emulator.Emulator) (sum int64) {
	for _, u := range cloud.Google.Uploads() {
		sum += u.Received
	}
	return sum
}
