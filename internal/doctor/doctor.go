package doctor

import (
	"context"
	"fmt"
	"time"
)

// Level says how bad a finding is.
type Level string

// The levels, best first.
const (
	OK      Level = "ok"      // as it should be
	Note    Level = "note"    // good to know
	Warning Level = "warning" // works now, may not later
	Problem Level = "problem" // a run fails, is doomed to, or is not safe
)

// Finding is one thing that a check has to say.
type Finding struct {
	Check       string `json:"check"`                 // name of the check
	Level       Level  `json:"level"`                 //
	What        string `json:"what"`                  // what was found, and on what
	Why         string `json:"why,omitempty"`         // why it matters; "" if it is OK
	Remedy      string `json:"remedy,omitempty"`      // the next step, a command where there is one
	Credentials bool   `json:"credentials,omitempty"` // a problem that a login mends
}

// Check looks at one thing. Run is called once, from a goroutine of its own,
// and should return soon after ctx ends; the findings' Check is filled in.
type Check struct {
	Name string
	Run  func(ctx context.Context) []Finding
}

// DefaultLimit is how long one check may take unless Options say otherwise.
const DefaultLimit = 10 * time.Second

// Options adjust [Run]. The zero Options are ready for use.
type Options struct {
	// Limit bounds one check; 0 means DefaultLimit.
	Limit time.Duration
	// Waiting, if not nil, is called about every second with the names of the
	// checks that have not ended, from the goroutine that called Run.
	Waiting func(names []string)
}

// Run runs the checks side by side and returns their findings in the order of
// the checks. A check that has not ended at its limit, as one on a file system
// that no longer answers, is left behind and has a problem as its finding. Run
// returns early with the cause when ctx ends.
func Run(ctx context.Context, checks []Check, o Options) ([]Finding, error) {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	limited, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	type answer struct {
		n        int
		findings []Finding
	}
	answers := make(chan answer, len(checks)) // a check that is left behind does not block
	for n, check := range checks {
		go func() { answers <- answer{n, check.Run(limited)} }()
	}
	found := make([][]Finding, len(checks))
	ended := make([]bool, len(checks))
	second := time.NewTicker(time.Second)
	defer second.Stop()
	// Those that heed ctx get a moment to say so themselves.
	deadline := time.NewTimer(o.Limit + time.Second/2)
	defer deadline.Stop()
	for left, late := len(checks), false; left > 0 && !late; {
		select {
		case a := <-answers:
			found[a.n], ended[a.n] = a.findings, true
			left--
		case <-second.C:
			if o.Waiting != nil {
				o.Waiting(unended(checks, ended))
			}
		case <-deadline.C:
			late = true
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	var all []Finding
	for n, check := range checks {
		if !ended[n] {
			found[n] = []Finding{{
				Level: Problem, What: fmt.Sprintf("did not come to an end within %v", o.Limit),
				Why:    "a disk or a network that does not answer makes a run hang",
				Remedy: "look at the disk and the network, then run gondola doctor again",
			}}
		}
		for _, f := range found[n] {
			f.Check = check.Name
			all = append(all, f)
		}
	}
	return all, nil
}

func unended(checks []Check, ended []bool) (names []string) {
	for n, check := range checks {
		if !ended[n] {
			names = append(names, check.Name)
		}
	}
	return names
}

// Count returns how many findings have a level.
func Count(findings []Finding, level Level) (n int) {
	for _, f := range findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// OnlyCredentials reports whether there are problems and a login mends all of
// them.
func OnlyCredentials(findings []Finding) bool {
	problems := false
	for _, f := range findings {
		if f.Level == Problem {
			problems = true
			if !f.Credentials {
				return false
			}
		}
	}
	return problems
}
