package faultmatrix

import (
	"slices"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// rights are the rows about tokens that end.
func rights() (rows []*row) {
	for _, route := range googleRoutes {
		p := placeOf(route)
		r := p.row
		r.fault = "the access token expires here"
		r.again = max(r.again, segment) // of uploads beside it
		r.faults = slices.Concat(p.hit(emulator.Fault{Kind: emulator.FaultExpired}), r.faults)
		rows = append(rows, &r)
	}
	return append(rows,
		&row{route: "google", fault: "access token dead at the start", world: plain, before: expiredGoogle},
		&row{route: "google", fault: "access token dies in mid-run", world: plain, again: segment,
			during: expiredGoogle},
		&row{route: "google", fault: "an hour passes in mid-run", world: plain, again: segment,
			during: func(b *bench) { b.cloud.Clock.Advance(time.Hour) }},
		&row{route: "google.token", fault: "refresh token revoked", world: plain, before: expiredGoogle, failed: -1,
			faults: on("google.token", emulator.Fault{Kind: emulator.FaultRevoke}),
			first:  gondola.OutcomeAuth, code: fault.Auth, mend: (*bench).logIn},
		&row{route: "google", fault: "all access revoked in mid-run", world: plain, failed: -1, first: gondola.OutcomeAuth, code: fault.Auth,
			during: func(b *bench) { b.cloud.Google.Revoke() }, mend: (*bench).logIn},

		&row{route: "gopro", fault: "token dead at the start", world: small, first: gondola.OutcomeAuth, code: fault.Auth,
			before: oldGoProToken, mend: newGoProToken},
		&row{route: "gopro", fault: "token dead at the start, told by 500", world: small, first: gondola.OutcomeAuth, code: fault.Auth,
			options: emulator.Options{GoPro: emulator.GoProOptions{Unauthorized: 500}}, before: oldGoProToken, mend: newGoProToken},
		&row{route: "gopro", fault: "token dies in mid-run", world: paged, first: gondola.OutcomeAuth, code: fault.Auth, failed: -1,
			during: func(b *bench) { b.cloud.GoPro.ExpireToken() }},
		&row{route: "gopro", fault: "token dies in mid-run, told by 500", world: paged, first: gondola.OutcomeAuth, code: fault.Auth, failed: -1,
			options: emulator.Options{GoPro: emulator.GoProOptions{Unauthorized: 500}},
			during:  func(b *bench) { b.cloud.GoPro.ExpireToken() }},
		&row{route: "gopro", fault: "token dies in mid-run and is renewed", world: paged, before: expiredGoPro,
			during: func(b *bench) { b.cloud.GoPro.ExpireToken() }},
		&row{route: "gopro", fault: "token that lasts for few requests and is renewed", world: plain, before: expiredGoPro,
			options: emulator.Options{GoPro: emulator.GoProOptions{TokenRequests: 12}}},
		&row{route: "gopro.token", fault: "refresh token spent elsewhere", world: small, first: gondola.OutcomeAuth, code: fault.Auth,
			before: func(b *bench) { expiredGoPro(b); b.signed.RefreshToken = "spent" }, mend: signInAgain},
		&row{route: "gopro.user", fault: "401 behind a 500", world: small, first: gondola.OutcomeAuth, code: fault.Auth,
			faults: slices.Concat(on("gopro.search", times(forEver, status(500))), on("gopro.user", status(401)))},
		&row{route: "gopro.user", fault: "500 behind a 500", world: small, first: gondola.OutcomeAuth, code: fault.Auth,
			faults: slices.Concat(on("gopro.search", times(forEver, status(500))), on("gopro.user", times(forEver, status(500))))},
	)
}

func oldGoProToken(b *bench) {
	b.token = b.cloud.GoPro.Token()
	b.cloud.GoPro.ExpireToken()
}

func newGoProToken(b *bench) { b.token = "" }

// lostRenewals are the rows of a renewal at GoPro whose answer is lost: the
// refresh token is spent, so that only a person can go on.
func lostRenewals() (rows []*row) {
	p := placeOf("gopro.token")
	for _, i := range passing() {
		if slices.Contains(p.not, i.name) {
			r := p.row
			r.fault, r.faults = i.name, on(p.route, i.fault)
			r.first, r.code, r.mend = gondola.OutcomeAuth, fault.Auth, signInAgain
			rows = append(rows, &r)
		}
	}
	return rows
}

// quotas are the rows about limits.
func quotas() (rows []*row) {
	for _, route := range googleRoutes {
		p := placeOf(route)
		for name, kind := range map[string]emulator.FaultKind{
			"429 of the minute": emulator.FaultQuotaMinute, "429 of concurrent writes": emulator.FaultQuotaConcurrent,
		} {
			r := p.row
			r.fault, r.faults = name, slices.Concat(p.hit(emulator.Fault{Kind: kind}), r.faults)
			rows = append(rows, &r)
		}
		r := p.row
		r.fault, r.first, r.code, r.failed = "429 of the day", gondola.OutcomeQuota, fault.Quota, -1
		r.faults = slices.Concat(p.hit(emulator.Fault{Kind: emulator.FaultQuotaDaily}), r.faults)
		rows = append(rows, &r)
	}
	return append(rows,
		&row{route: "google", fault: "two calls a day", world: small, first: gondola.OutcomeQuota, code: fault.Quota, runs: 3,
			options: emulator.Options{Google: emulator.GoogleOptions{DailyRequests: 2}},
			tune:    func(_ *bench, o *gondola.Options) { o.BatchSize = 2 },
			mend:    pass(24 * time.Hour), again: mib}, // by then the tokens are too old
		&row{route: "google", fault: "one write a minute", world: plain,
			options: emulator.Options{Google: emulator.GoogleOptions{WritesPerMinute: 1}}},
		&row{route: "photos.batchCreate", fault: "storage full", world: plain, first: gondola.OutcomeQuota, code: fault.Storage,
			faults: on("photos.batchCreate", emulator.Fault{Kind: emulator.FaultStorageFull})},
		&row{route: "photos.batchCreate", fault: "storage full after the first item", world: plain, first: gondola.OutcomeQuota, code: fault.Storage,
			faults: on("photos.batchCreate", at(2, emulator.Fault{Kind: emulator.FaultStorageFull}))},
		&row{route: "photos.batchCreate", fault: "storage of a megabyte", world: plain, first: gondola.OutcomeQuota, code: fault.Storage,
			options: emulator.Options{Google: emulator.GoogleOptions{Storage: mib}},
			mend:    func(b *bench) { b.cloud.Google.SetStorage(0) }},
	)
}
