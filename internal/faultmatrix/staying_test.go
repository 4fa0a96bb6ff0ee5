package faultmatrix

import (
	"slices"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// lasting are faults that stay until the first run has ended, with the code
// that says so.
func lasting() []struct {
	ill
	code string
} {
	return []struct {
		ill
		code string
	}{
		{ill{name: "429 for ever", fault: status(429)}, fault.Rate},
		{ill{name: "500 for ever", fault: status(500)}, fault.Server},
		{ill{name: "503 for ever", fault: status(503)}, fault.Server},
		{ill{name: "a web page for ever", fault: page(200)}, fault.Protocol},
		{ill{name: "resets for ever", fault: emulator.Fault{Kind: emulator.FaultResetBefore}}, fault.Unreachable},
		{ill{name: "stalls for ever", fault: emulator.Fault{Kind: emulator.FaultStall}}, fault.Unreachable},
	}
}

// ending is how the first run ends when a route stays out of order.
type ending struct {
	outcome gondola.Outcome
	failed  int
	// except are faults that let the route do its work, or that tell something
	// else than their usual code.
	except map[string]func(*row)
}

func completes(r *row) { r.first, r.code, r.failed = gondola.OutcomeComplete, "", 0 }

func says(code string) func(*row) { return func(r *row) { r.code = code } }

var endings = map[string]ending{
	"gopro.search":   {outcome: gondola.OutcomeFailed},
	"gopro.user":     {outcome: gondola.OutcomeComplete},
	"gopro.download": {outcome: gondola.OutcomePartial, failed: smallMany},
	"gopro.token": {outcome: gondola.OutcomeFailed, except: map[string]func(*row){
		"stalls for ever":     func(r *row) { r.mend = signInAgain },
		"a web page for ever": says(fault.Unreachable),
	}},
	"cdn.get":      {outcome: gondola.OutcomePartial, failed: smallMany},
	"google.token": {outcome: gondola.OutcomePartial, failed: smallMany},
	"upload.start": {outcome: gondola.OutcomePartial, failed: 1},
	"upload.raw":   {outcome: gondola.OutcomePartial, failed: smallMany, except: map[string]func(*row){"a web page for ever": says(fault.UploadLost)}},
	"upload.chunk": {outcome: gondola.OutcomePartial, failed: 1, except: map[string]func(*row){"stalls for ever": completes}},
	"upload.query": {outcome: gondola.OutcomePartial, failed: 1},
	"upload.finalize": {outcome: gondola.OutcomePartial, failed: 1, except: map[string]func(*row){"stalls for ever": func(r *row) {
		r.code, r.again = fault.UploadLost, 7*videoSize // each time in a new session
	}}},
	"albums.list":                      {outcome: gondola.OutcomeFailed},
	"albums.create":                    {outcome: gondola.OutcomeFailed, except: map[string]func(*row){"stalls for ever": completes}},
	"photos.batchCreate":               {outcome: gondola.OutcomeFailed},
	"photos.batchGet of another login": {outcome: gondola.OutcomeFailed, except: map[string]func(*row){"500 for ever": completes}},

	look:                                    {except: map[string]func(*row){"500 for ever": says("")}}, // as if one id were bad
	"photos.get one by one":                 {},
	"photos.batchGet before a verification": {except: map[string]func(*row){"500 for ever": says("")}},
	"google.token before a verification":    {},

	"cdn.get of a chapter":    {outcome: gondola.OutcomePartial, failed: 1},
	"cdn.get of a frame":      {outcome: gondola.OutcomePartial, failed: 1},
	"gopro.download of parts": {outcome: gondola.OutcomePartial, failed: chapters},
}

// stayed is each fault that stays at each place.
func stayed() (rows []*row) {
	for _, p := range places() {
		end, ok := endings[p.route]
		if !ok {
			continue // it stays out of order as the route's other place does
		}
		for _, l := range lasting() {
			if p.route == "gopro.user" && l.name == "500 for ever" {
				continue // the sign of a dead token
			}
			r := p.row
			r.fault, r.code = l.name, l.code
			r.faults = slices.Concat(p.hit(times(forEver, l.fault)), p.faults)
			r.first, r.failed = end.outcome, end.failed
			r.longest, r.most = 90*time.Minute, 15
			r.again *= 17 // tries of one file, in two passes
			r.refetch = max(r.again, 3*mib)
			if r.first == gondola.OutcomeComplete {
				completes(&r)
			}
			if except := end.except[l.name]; except != nil {
				except(&r)
			}
			rows = append(rows, &r)
		}
	}
	return rows
}

// signInAgain is what is left when a refresh token was spent in vain.
func signInAgain(b *bench) { b.signed.RefreshToken = b.signIn() }
