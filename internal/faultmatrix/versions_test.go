package faultmatrix

import (
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// versions are the rows about a CDN that names the versions of objects weakly or
// not at all: whatever it names, no file is put together from two.
func versions() (rows []*row) {
	changed := emulator.Fault{Kind: emulator.FaultChanged}
	encoded := emulator.Fault{Kind: emulator.FaultEncoded}
	for _, v := range []struct{ validators, told string }{
		{emulator.ValidateDate, "told by a date"}, {emulator.ValidateWeakly, "told weakly"}, {emulator.ValidateNothing, "told by nothing"},
	} {
		options := emulator.Options{GoPro: emulator.GoProOptions{Validators: v.validators}}
		unpinned := v.validators == emulator.ValidateNothing
		once := func(otherwise int64) int64 { // what is read again, or sent again, where nothing pins the bytes
			if unpinned {
				return otherwise
			}
			return 0
		}
		inMid := func(failure string, r row, faults ...emulator.Fault) *row {
			r.options, r.refetch = options, max(r.again+once(r.again), cutAt)
			return inMidFile(failure+", versions "+v.told, r, faults...)
		}
		rows = append(rows,
			inMid("nothing more", row{}),
			inMid("the object changed", row{again: 3 * mib}, changed),
			inMid("the object changed twice", row{again: 6 * mib}, changed, emulator.Fault{Kind: emulator.FaultCutResponse, After: cutAt}, changed),
			inMid("200 where 206 was asked", row{}, emulator.Fault{Kind: emulator.FaultIgnoreRange}),
			&row{route: "cdn.get", fault: "cut after 1 MiB, four times, versions " + v.told, world: plain, tune: oneByOne, options: options, refetch: once(4 * mib),
				faults: on("cdn.get", times(4, after(mib, emulator.FaultCutResponse)))},
			&row{route: "cdn.get", fault: "all cut after 100 bytes, versions " + v.told, world: small, options: options,
				faults: on("cdn.get", times(smallMany, after(100, emulator.FaultCutResponse)))},
			&row{route: "cdn.get", fault: "all cut, then changed, versions " + v.told, world: small, options: options, again: smallMany * 64 * kib,
				tune: oneByOne, faults: on("cdn.get", after(5000, emulator.FaultCutResponse), at(2, changed))},
			&row{route: "cdn.get", fault: "the run ends in mid-file and goes on, versions " + v.told, world: plain, tune: oneByOne, options: options, again: once(4 * mib),
				faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})), first: gondola.OutcomeQuota, code: fault.Quota},
			&row{route: "cdn.get", fault: "the object changed between two runs, versions " + v.told, world: plain, tune: oneByOne, options: options, again: 4 * mib,
				faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})), first: gondola.OutcomeQuota, code: fault.Quota,
				mend: func(b *bench) { b.cloud.GoPro.Change(b.cloud.GoPro.Library()[0].ID, 1) }},
		)
	}
	return append(rows,
		&row{route: "cdn.get", fault: "encoded", world: plain, tune: oneByOne, refetch: videoSize, faults: on("cdn.get", encoded)},
		&row{route: "cdn.get", fault: "encoded twice each", world: small, refetch: mib, faults: on("cdn.get", times(2*smallMany, encoded))},
		&row{route: "cdn.get", fault: "encoded for ever", world: small, faults: on("cdn.get", times(forEver, encoded)), refetch: 4 * mib,
			first: gondola.OutcomePartial, code: fault.Protocol, failed: smallMany, longest: 20 * time.Minute},
		inMidFile("encoded", row{refetch: videoSize}, encoded),
	)
}
