package faultmatrix

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

const look = "photos.batchGet"

// oneLost is what most rows of verifications begin with.
var oneLost = &proof{lost: []int{3}}

// proved are the routes that a verification calls. Ids are asked for one by one
// when a batch of them fails.
func proved() []place {
	return []place{
		{row: row{route: look, world: few, proof: oneLost}},
		{row: row{route: "photos.get one by one", world: few, proof: oneLost, faults: on(look, status(500))}},
		{row: row{route: "photos.batchGet before a verification", world: few, proof: oneLost, before: (*bench).logIn}},
		{row: row{route: "google.token before a verification", world: few, proof: oneLost, before: expiredGoogle}, bodies: true},
	}
}

var proofRefusals = []refusal{
	{route: look, statuses: []int{302, 400, 401, 404, 409, 410, 412, 413}},
	{route: look, statuses: []int{403}, code: fault.Scope},
	{route: "photos.get one by one", statuses: []int{302, 400, 401, 404, 409}},
	{route: "photos.get one by one", statuses: []int{410, 412, 413}, code: fault.Protocol},
	{route: "photos.get one by one", statuses: []int{403}, code: fault.Scope},
	{route: "photos.batchGet before a verification", statuses: []int{302, 400, 401, 404, 409, 410, 412, 413}},
	{route: "photos.batchGet before a verification", statuses: []int{403}, code: fault.Scope},
	{route: "google.token before a verification", statuses: []int{400, 401, 403}, code: fault.Auth},
}

// verified are the rows about what a verification asks the library.
func verified() (rows []*row) {
	all := []int{0, 1, 2, 3, 4}
	asked := func(failure string, w *world, lost []int, faults ...emulator.Fault) *row {
		return &row{route: look, fault: failure, world: w, proof: &proof{lost: lost}, faults: on(look, faults...)}
	}
	ended := func(code string, r *row) *row { r.code, r.longest = code, 90*time.Minute; return r }

	for _, code := range []int{1, 2, 3, 4, 5, 7, 8, 10, 13, 14, 16} {
		of := emulator.Fault{Kind: emulator.FaultItemCode, Status: code, Item: 2}
		rows = append(rows, asked(fmt.Sprintf("code %d of one item", code), few, oneLost.lost, of))
		if code != 3 && code != 5 {
			rows = append(rows, asked(fmt.Sprintf("code %d of one item for ever", code), few, nil, times(forEver, of)))
		}
	}
	for name, f := range map[string]emulator.Fault{
		"short":            {Kind: emulator.FaultShortPage, Count: 2},
		"in another order": {Kind: emulator.FaultReorder},
		"without results":  answered(200, "application/json", `{}`),
		"of null":          answered(200, "application/json", `{"mediaItemResults":[null,null,null,null,null]}`),
		"about others":     answered(200, "application/json", `{"mediaItemResults":[{"mediaItem":{"id":"another"}},{"mediaItem":{"id":"another"}}]}`),
	} {
		rows = append(rows,
			asked("an answer "+name+", nothing lost", few, nil, f),
			asked("an answer "+name+", one lost", few, oneLost.lost, f),
			asked("an answer "+name+", all lost", few, all, f),
			asked("answers "+name+" for ever, nothing lost", few, nil, times(forEver, f)),
			asked("answers "+name+" for ever, one lost", few, oneLost.lost, times(forEver, f)),
		)
	}
	for name, f := range map[string]emulator.Fault{"400": status(400), "500": status(500)} {
		rows = append(rows, asked("one id fails all 50, told by "+name, fifty, []int{25}, times(forEver, f)))
	}
	third := func(failure string, f emulator.Fault) *row {
		r := asked("call 2 of 3, "+failure, few, nil, at(2, f))
		r.proof = &proof{lost: oneLost.lost, batch: 2}
		return r
	}
	revoked := ended(fault.Auth, third("access revoked", emulator.Fault{Kind: emulator.FaultRevoke}))
	revoked.mend = (*bench).logIn
	return append(rows, revoked,
		third("503", status(503)),
		third("reset after the work", emulator.Fault{Kind: emulator.FaultResetAfter}),
		third("short", emulator.Fault{Kind: emulator.FaultShortPage, Count: 1}),
		third("in another order", emulator.Fault{Kind: emulator.FaultReorder}),
		third("the access token expires", emulator.Fault{Kind: emulator.FaultExpired}),
		ended(fault.Server, third("503 for ever", times(forEver, status(503)))),
		ended(fault.Quota, third("429 of the day", emulator.Fault{Kind: emulator.FaultQuotaDaily})),
		asked("one of 50 is lost", fifty, []int{25}),
		asked("all are lost", few, all),
		asked("nothing is lost", few, nil),
		&row{route: "google", fault: "an hour passes before a verification", world: few, proof: oneLost,
			before: func(b *bench) { b.cloud.Clock.Advance(time.Hour) }},
		&row{route: "google", fault: "eight days pass before a verification", world: few, proof: oneLost,
			before: func(b *bench) { time.Sleep(8 * 24 * time.Hour); b.cloud.GoPro.ExpireToken() }},
		&row{route: "clock", fault: "240h0m0s behind, in a verification", world: few, proof: oneLost, skew: 10 * 24 * time.Hour},
		&row{route: "clock", fault: "240h0m0s ahead, in a verification", world: few, proof: oneLost, skew: -10 * 24 * time.Hour},
	)
}
