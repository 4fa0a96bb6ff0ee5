package faultmatrix

import (
	"slices"
	"strconv"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// refusal is what one answer of a status means for the run at a route.
type refusal struct {
	route    string
	statuses []int
	first    gondola.Outcome
	code     string
	failed   int
	again    int64
}

var refusals = []refusal{
	{route: "gopro.search", statuses: []int{302, 400, 404, 406, 409, 410, 413, 415}, first: gondola.OutcomeFailed, code: fault.Protocol},
	{route: "gopro.search", statuses: []int{401}, first: gondola.OutcomeAuth, code: fault.Auth},
	{route: "gopro.user", statuses: []int{302, 400, 403, 404, 410}},
	{route: "gopro.download", statuses: []int{302, 400, 401, 404, 406, 409, 410, 412, 413, 415}},
	{route: "gopro.token", statuses: []int{302, 400, 401, 404, 409, 410}, first: gondola.OutcomeAuth, code: fault.Auth},
	{route: "cdn.get", statuses: []int{401, 403, 404, 410, 416}},
	{route: "cdn.get", statuses: []int{302, 400, 409, 412, 413}, first: gondola.OutcomePartial, code: fault.Protocol, failed: 1},
	{route: "google.token", statuses: []int{400, 401, 403}, first: gondola.OutcomeAuth, code: fault.Auth, failed: -1},
	{route: "upload.start", statuses: []int{302, 401, 409}},
	{route: "upload.start", statuses: []int{400, 412, 413}, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1},
	{route: "upload.start", statuses: []int{404, 410}, first: gondola.OutcomePartial, failed: 1},
	{route: "upload.start", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope, failed: -1},
	{route: "upload.raw", statuses: []int{302, 401, 409}},
	{route: "upload.raw", statuses: []int{400, 412, 413}, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1},
	{route: "upload.raw", statuses: []int{404, 410}, first: gondola.OutcomePartial, failed: 1},
	{route: "upload.raw", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope, failed: -1},
	{route: "upload.chunk", statuses: []int{302, 400, 401, 404, 409, 410, 412, 416}},
	{route: "upload.chunk", statuses: []int{413}, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1},
	{route: "upload.chunk", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope, failed: -1},
	{route: "upload.query", statuses: []int{302, 400, 401, 404, 409, 410}},
	{route: "upload.query", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope, failed: -1},
	{route: "upload.finalize", statuses: []int{302, 400, 401, 409, 412, 416}},
	{route: "upload.finalize", statuses: []int{404, 410}, again: videoSize},
	{route: "upload.finalize", statuses: []int{413}, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1},
	{route: "upload.finalize", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope, failed: -1},
	{route: "albums.list", statuses: []int{302, 401, 409}},
	{route: "albums.list", statuses: []int{400, 404, 410}, first: gondola.OutcomeFailed},
	{route: "albums.list", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope},
	{route: "albums.create", statuses: []int{302, 401, 409}},
	{route: "albums.create", statuses: []int{400, 404, 413}, first: gondola.OutcomeFailed, code: fault.Album},
	{route: "albums.create", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope},
	{route: "photos.batchCreate", statuses: []int{302, 401, 409}},
	{route: "photos.batchCreate", statuses: []int{400, 404, 412, 413}, first: gondola.OutcomePartial, failed: 1},
	{route: "photos.batchCreate", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope},
	{route: "photos.batchGet of another login", statuses: []int{302, 400, 401, 404, 409, 410, 412, 413}},
	{route: "photos.batchGet of another login", statuses: []int{403}, first: gondola.OutcomeAuth, code: fault.Scope},
}

// refused is each refusal, hitting once.
func refused() (rows []*row) {
	for _, f := range slices.Concat(refusals, proofRefusals, partRefusals) {
		for _, code := range f.statuses {
			p := placeOf(f.route)
			r := p.row
			r.fault = strconv.Itoa(code)
			r.faults = slices.Concat(p.hit(status(code)), r.faults)
			r.first, r.code, r.failed = f.first, f.code, f.failed
			r.again = max(r.again, f.again)
			rows = append(rows, &r)
		}
	}
	return slices.Concat(rows, denied(), ownRefusals())
}

func placeOf(route string) place {
	for _, p := range places() {
		if p.route == route {
			return p
		}
	}
	panic("no place calls " + route)
}

// forbidden is how the API words a 403.
var forbidden = answered(403, "application/json", `{"error":"access_denied"}`)

// ownRefusals are what one medium is answered for ever while the account and the
// other media are fine: it fails alone.
func ownRefusals() (rows []*row) {
	medium := "/media/" + small.library()[3].ID + "/download"
	for name, f := range map[string]emulator.Fault{
		"302": status(302), "401": status(401), "403": forbidden, "404": status(404), "406": status(406), "410": status(410),
		"500": status(500), "503": status(503), "a reset": {Kind: emulator.FaultResetBefore},
	} {
		f.Path = medium
		rows = append(rows, &row{route: "gopro.download of one medium", fault: name + " for ever", world: small,
			faults: on("gopro.download", times(forEver, f)), first: gondola.OutcomePartial, failed: 1})
	}
	for times, failure := range map[int]string{1: "is empty", 3: "is empty three times", forEver: "is empty for ever"} {
		rows = append(rows, &row{route: "gopro.download of one medium", fault: failure, world: small, runs: 2,
			faults: on("gopro.download", emulator.Fault{Path: medium, Kind: emulator.FaultEmpty, Times: times})})
	}
	return rows
}

// denied are the ways in which rights are missing, in the words of the services.
func denied() (rows []*row) {
	type words struct{ name, body, code string }
	for _, w := range []words{
		{"403 of the scope", `{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED",` +
			`"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"}]}}`, fault.Scope},
		{"403 of an API that is off", `{"error":{"code":403,"message":"Photos Library API has not been used in project 123 before or it is disabled.",` +
			`"status":"PERMISSION_DENIED","errors":[{"message":"off","domain":"usageLimits","reason":"accessNotConfigured"}]}}`, fault.Auth},
		{"403 of a user without Photos", `{"error":{"code":403,"message":"Google Photos is disabled for the user.","status":"PERMISSION_DENIED"}}`, fault.Auth},
	} {
		for _, route := range googleRoutes {
			rows = append(rows, denial(route, w.name, answered(403, "application/json", w.body), w.code))
		}
	}
	for _, route := range googleRoutes {
		rows = append(rows, denial(route, "401 for ever", times(forEver, status(401)), fault.Auth))
		gone := denial(route, "access revoked", emulator.Fault{Kind: emulator.FaultRevoke}, fault.Auth)
		gone.mend = (*bench).logIn
		gone.again = max(gone.again, videoSize) // as another account, for all the machine knows
		rows = append(rows, gone)
	}
	for _, route := range []string{"gopro.search", "gopro.download"} {
		caller := denial(route, "403 of the caller", forbidden, fault.Scope)
		if route == "gopro.download" {
			caller.faults = append(caller.faults, on("gopro.user", times(2, forbidden))...) // the first when the origin is asked for
		}
		rows = append(rows, caller)
		html := placeOf(route).row
		html.fault, html.faults = "403 of the front door", on(route, page(403))
		rows = append(rows, &html)
	}
	for _, name := range []string{"deleted_client", "admin_policy_enforced", "unauthorized_client", "invalid_grant"} {
		rows = append(rows, denial("google.token", name, answered(400, "application/json", `{"error":"`+name+`"}`), fault.Auth))
	}
	return rows
}

// googleRoutes are those that take an access token of Google.
var googleRoutes = []string{
	"upload.start", "upload.raw", "upload.chunk", "upload.query", "upload.finalize",
	"albums.list", "albums.create", "photos.batchCreate", "photos.batchGet of another login",
	"photos.batchGet", "photos.get one by one",
}

func denial(route, failure string, f emulator.Fault, code string) *row {
	p := placeOf(route)
	r := p.row
	r.fault, r.code, r.first, r.failed = failure, code, gondola.OutcomeAuth, -1
	r.faults = slices.Concat(p.hit(f), r.faults)
	return &r
}
