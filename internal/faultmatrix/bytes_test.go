package faultmatrix

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// inMidFile are faults of the CDN that follow a drop in the middle of the video.
func inMidFile(failure string, r row, faults ...emulator.Fault) *row {
	r.route, r.fault, r.world, r.tune = "cdn.get in mid-file", failure, plain, oneByOne
	r.faults = on("cdn.get", after(cutAt, emulator.FaultCutResponse))
	for n, f := range faults {
		f.Call = n + 2
		r.faults = append(r.faults, on("cdn.get", f)...)
	}
	r.refetch = max(r.refetch, cutAt)
	return &r
}

// fetched are the rows about bytes on their way from the CDN.
func fetched() (rows []*row) {
	changed := emulator.Fault{Kind: emulator.FaultChanged}
	expired := emulator.Fault{Kind: emulator.FaultExpired}
	gone := emulator.Fault{Kind: emulator.FaultStatus, Status: 404}
	for _, n := range []int64{1, 100, 256 * kib, segment - 1, segment, segment + 1, 3 * mib, videoSize - 1} {
		rows = append(rows, &row{route: "cdn.get", fault: fmt.Sprintf("cut after %d bytes, four times", n), world: plain, tune: oneByOne,
			faults: on("cdn.get", times(4, after(n, emulator.FaultCutResponse)))})
	}
	for _, n := range []int64{1000, 600 * kib, 4 * mib} {
		rows = append(rows, &row{route: "cdn.get", fault: fmt.Sprintf("stall after %d bytes", n), world: plain, tune: oneByOne,
			faults: on("cdn.get", after(n, emulator.FaultStall))})
	}
	return append(rows,
		inMidFile("the address expired", row{}, expired),
		inMidFile("three addresses expired", row{}, expired, expired, expired),
		inMidFile("200 where 206 was asked", row{}, emulator.Fault{Kind: emulator.FaultIgnoreRange}),
		inMidFile("the object changed", row{again: 3 * mib}, changed),
		inMidFile("the object changed twice", row{again: 6 * mib}, changed, emulator.Fault{Kind: emulator.FaultCutResponse, After: cutAt}, changed),
		inMidFile("not found by this address", row{}, gone),
		inMidFile("not found by any address", row{first: gondola.OutcomePartial, code: fault.Gone, failed: 1}, gone, gone),
		inMidFile("416", row{again: 3 * mib}, status(416)),
		inMidFile("503 for a while", row{}, times(12, status(503))),
		&row{route: "cdn.get", fault: "the object changed before the first byte", world: plain, faults: on("cdn.get", changed)},
		&row{route: "cdn.get", fault: "all objects changed before the first byte", world: small, faults: on("cdn.get", times(smallMany, changed))},
		&row{route: "cdn.get", fault: "addresses live five minutes", world: plain,
			options: emulator.Options{GoPro: emulator.GoProOptions{URLLife: 5 * time.Minute}}},
		&row{route: "cdn.get", fault: "addresses live one second, and connections drop", world: plain, tune: oneByOne,
			options: emulator.Options{GoPro: emulator.GoProOptions{URLLife: time.Second}},
			faults:  on("cdn.get", times(4, after(mib, emulator.FaultCutResponse)))},
		&row{route: "cdn.get", fault: "addresses expired during the listing", world: paged,
			options: emulator.Options{GoPro: emulator.GoProOptions{URLLife: 11 * time.Minute}},
			faults:  on("gopro.search", at(2, emulator.Fault{Kind: emulator.FaultStall, Delay: 50 * time.Second}))},
		&row{route: "cdn.get", fault: "the object changed between two runs", world: plain, tune: oneByOne, again: 4 * mib,
			faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})),
			first:  gondola.OutcomeQuota, code: fault.Quota,
			mend: func(b *bench) { b.cloud.GoPro.Change(b.cloud.GoPro.Library()[0].ID, 1) }},
		&row{route: "cdn.get", fault: "the medium is deleted in mid-file", world: plain, removes: true, again: segment,
			tune: deletedInMidFile, faults: on("cdn.get", after(cutAt, emulator.FaultCutResponse)), refetch: cutAt,
			first: gondola.OutcomePartial, code: fault.Gone, failed: 1, last: gondola.OutcomePartial},
	)
}

// patient are the rows of services that ask to be left alone for an hour. The
// first request is answered so; none must come before the hour is over.
func patient() (rows []*row) {
	for _, route := range []string{"cdn.get", "gopro.search", "gopro.download", "upload.start", "upload.chunk", "upload.query", "upload.finalize", "upload.raw",
		create, "albums.list", "albums.create", "google.token", "gopro.token"} {
		for _, code := range []int{429, 503} {
			r := &row{route: route, fault: fmt.Sprintf("%d, and not before an hour has passed", code), world: plain, tune: oneByOne,
				faults: on(route, asking(status(code), "3600")), least: time.Hour, longest: 75 * time.Minute}
			switch route {
			case "upload.query":
				r.faults = append(r.faults, on("upload.chunk", after(600*kib, emulator.FaultCutRequest))...)
				r.again = 256 * kib
			case "upload.chunk", "upload.finalize":
				r.again = segment
			case "albums.list", "albums.create":
				r.world = album
			case "google.token":
				r.before = expiredGoogle
			case "gopro.token":
				r.world, r.before = small, expiredGoPro
			}
			rows = append(rows, r)
		}
	}
	return append(rows, inMidFile("503, and not before an hour has passed", row{least: time.Hour, longest: 75 * time.Minute, again: segment},
		asking(status(503), "3600")))
}

// sent are the rows about bytes on their way to Google.
func sent() (rows []*row) {
	cut := func(call int, n int64) []emulator.Fault {
		return on("upload.chunk", at(call, after(n, emulator.FaultCutRequest)))
	}
	for call := 1; call <= 5; call++ {
		for _, n := range []int64{0, 100 * kib, segment - 1} {
			rows = append(rows, &row{route: "upload.chunk", fault: fmt.Sprintf("segment %d cut after %d bytes", call, n), world: plain, again: 256 * kib,
				faults: cut(call, n)})
		}
	}
	for _, n := range []int64{0, 100 * kib, 600 * kib} {
		rows = append(rows, &row{route: "upload.finalize", fault: fmt.Sprintf("cut after %d bytes", n), world: plain, again: 256 * kib,
			faults: on("upload.finalize", after(n, emulator.FaultCutRequest))})
	}
	for _, badURL := range []int{400, 404, 410} {
		options := emulator.Options{Google: emulator.GoogleOptions{BadURLStatus: badURL}}
		for route, extra := range map[string][]emulator.Fault{
			"upload.chunk": nil, "upload.finalize": nil, "upload.query": cut(1, 600*kib),
		} {
			rows = append(rows, &row{route: route, fault: fmt.Sprintf("session lost, told by %d", badURL), world: plain, options: options, again: videoSize,
				faults: slices.Concat(on(route, emulator.Fault{Kind: emulator.FaultLoseSession}), extra)})
		}
		rows = append(rows, &row{route: "upload.query", fault: fmt.Sprintf("session older than a week, told by %d", badURL), world: plain, tune: oneByOne,
			options: options, again: 4 * mib, faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})),
			first: gondola.OutcomeQuota, code: fault.Quota, mend: func(b *bench) { b.cloud.Clock.Advance(8 * 24 * time.Hour); b.cloud.GoPro.ExpireToken() }})
	}
	for _, dead := range []int{404, 410, 499} {
		rows = append(rows,
			&row{route: "upload.chunk", fault: fmt.Sprintf("%d once", dead), world: plain, again: segment, faults: on("upload.chunk", at(4, status(dead)))},
			&row{route: "upload.finalize", fault: fmt.Sprintf("%d once", dead), world: plain, again: segment, faults: on("upload.finalize", status(dead))},
			&row{route: "upload.query", fault: fmt.Sprintf("%d once", dead), world: plain, again: 256 * kib,
				faults: slices.Concat(on("upload.query", status(dead)), cut(1, 600*kib))},
			&row{route: "upload.chunk", fault: fmt.Sprintf("%d for ever", dead), world: plain, faults: on("upload.chunk", times(forEver, status(dead))),
				first: gondola.OutcomePartial, code: lostOr(dead), failed: 1, again: 20 * segment})
	}
	for _, route := range []string{"upload.raw", "upload.chunk", "upload.finalize"} {
		rows = append(rows, &row{route: route, fault: "answered without a status", world: plain,
			faults: on(route, emulator.Fault{Kind: emulator.FaultNoStatus})})
	}
	return append(rows,
		&row{route: "upload.finalize", fault: "answered without a status, as is the query", world: plain,
			faults: slices.Concat(on("upload.finalize", emulator.Fault{Kind: emulator.FaultNoStatus}), on("upload.query", emulator.Fault{Kind: emulator.FaultNoStatus}))},
		&row{route: "upload.finalize", fault: "answer lost", world: plain, again: videoSize,
			faults: on("upload.finalize", emulator.Fault{Kind: emulator.FaultLoseToken})},
		&row{route: "upload.finalize", fault: "answer lost, and told again", world: plain,
			options: emulator.Options{Google: emulator.GoogleOptions{TokenOnQuery: true}},
			faults:  on("upload.finalize", emulator.Fault{Kind: emulator.FaultLoseToken})},
		&row{route: "upload.finalize", fault: "answer lost twice", world: plain, again: 2 * videoSize,
			faults: on("upload.finalize", times(2, emulator.Fault{Kind: emulator.FaultLoseToken}))},
		&row{route: "upload.raw", fault: "answer lost", world: plain, again: 64 * kib,
			faults: on("upload.raw", emulator.Fault{Kind: emulator.FaultLoseToken})},
		&row{route: "upload.chunk", fault: "cut where every byte is kept", world: plain,
			options: emulator.Options{Google: emulator.GoogleOptions{ExactPrefix: true}}, faults: cut(2, 300*kib)},
		&row{route: "upload.chunk", fault: "cut in units of half a megabyte", world: plain, again: 512 * kib,
			options: emulator.Options{Google: emulator.GoogleOptions{Granularity: 512 * kib}}, faults: cut(2, 700*kib)},
		&row{route: "upload.chunk", fault: "every segment cut", world: plain, again: 5 * 256 * kib,
			faults: on("upload.chunk", times(5, after(300*kib, emulator.FaultCutRequest)))},
		&row{route: "upload.chunk", fault: "every answer lost", world: plain,
			faults: on("upload.chunk", times(5, emulator.Fault{Kind: emulator.FaultResetAfter}))},
		&row{route: "upload.chunk", fault: "the run ends in mid-file and goes on", world: plain, tune: oneByOne,
			faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})), first: gondola.OutcomeQuota, code: fault.Quota},
	)
}

// lostOr is the code of an upload that gets a status for ever: 499 is a passing
// one.
func lostOr(status int) string {
	if status == 499 {
		return fault.Server
	}
	return fault.UploadLost
}

// deletedInMidFile lets the video vanish from its account when some of it has
// been carried.
func deletedInMidFile(b *bench, o *gondola.Options) {
	oneByOne(b, o)
	o.Upload = &tripwire{at: mib, do: func() { b.cloud.GoPro.Remove(b.cloud.GoPro.Library()[0].ID) }}
}

// tripwire calls do once, when so many bytes have passed. One transfer uses it.
type tripwire struct {
	at int
	do func()
}

// WaitN is gondola.Limiter.
func (w *tripwire) WaitN(_ context.Context, n int) error {
	if w.at > 0 && w.at <= n {
		w.do()
	}
	w.at -= n
	return nil
}

// Piece is gondola.Limiter.
func (*tripwire) Piece() int { return math.MaxInt }
