package faultmatrix

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

// listed are the rows about listings that lie or change.
func listed() (rows []*row) {
	lie := func(kind emulator.FaultKind) emulator.Fault { return emulator.Fault{Kind: kind} }
	for call := 1; call <= 2; call++ {
		for name, kind := range map[string]emulator.FaultKind{
			"short": emulator.FaultShortPage, "reordered": emulator.FaultReorder, "the one before": emulator.FaultRepeatPage,
		} {
			rows = append(rows, &row{route: "gopro.search", fault: fmt.Sprintf("page %d is %s", call, name), world: paged,
				faults: on("gopro.search", at(call, lie(kind)))})
		}
		rows = append(rows,
			&row{route: "gopro.search", fault: fmt.Sprintf("media added before page %d", call), world: paged, runs: 2,
				faults: on("gopro.search", at(call, emulator.Fault{Kind: emulator.FaultInsertRows, Count: 3}))},
			&row{route: "gopro.search", fault: fmt.Sprintf("page %d stays down", call), world: paged, first: gondola.OutcomeFailed, code: fault.Server, failed: -1,
				faults: on("gopro.search", at(call, times(forEver, status(503))))},
			&row{route: "gopro.search", fault: fmt.Sprintf("page %d is malformed", call), world: paged,
				faults: on("gopro.search", at(call, lie(emulator.FaultMalformed)))},
		)
	}
	return append(rows,
		&row{route: "gopro.search", fault: "all pages are short", world: paged, first: gondola.OutcomeFailed, code: fault.ListingIncomplete, failed: -1,
			faults: on("gopro.search", times(forEver, lie(emulator.FaultShortPage)))},
		&row{route: "gopro.search", fault: "all pages are short by one", world: paged, first: gondola.OutcomeFailed, code: fault.ListingIncomplete, failed: -1,
			faults: on("gopro.search", times(forEver, emulator.Fault{Kind: emulator.FaultShortPage, Count: 99}))},
		&row{route: "gopro.search", fault: "all pages are reordered", world: paged, faults: on("gopro.search", times(2, lie(emulator.FaultReorder)))},
		&row{route: "gopro.search", fault: "media removed before page 1", world: paged,
			faults: on("gopro.search", emulator.Fault{Kind: emulator.FaultRemoveRows, Count: 3})},
		&row{route: "gopro.search", fault: "media removed before page 2", world: paged, removes: true, runs: 2, failed: -1, first: anyOutcome, last: anyOutcome,
			faults: on("gopro.search", at(2, emulator.Fault{Kind: emulator.FaultRemoveRows, Count: 3}))},
		&row{route: "gopro.search", fault: "media removed and added", world: paged, removes: true, runs: 2, failed: -1, first: anyOutcome, last: anyOutcome,
			faults: on("gopro.search", at(2, emulator.Fault{Kind: emulator.FaultRemoveRows, Count: 2}), at(3, emulator.Fault{Kind: emulator.FaultInsertRows, Count: 2}))},
		&row{route: "gopro.search", fault: "two more are counted than there are", world: paged, options: emulator.Options{GoPro: emulator.GoProOptions{Overcount: 2}}},
		&row{route: "gopro.search", fault: "two fewer are counted than there are", world: paged, options: emulator.Options{GoPro: emulator.GoProOptions{Overcount: -2}}},
		&row{route: "gopro.search", fault: "two more are counted, and all pages are short by one", world: paged, options: emulator.Options{GoPro: emulator.GoProOptions{Overcount: 2}},
			first: gondola.OutcomeFailed, code: fault.ListingIncomplete, last: gondola.OutcomeComplete, failed: -1,
			faults: on("gopro.search", times(forEver, emulator.Fault{Kind: emulator.FaultShortPage, Count: 99}))},
		&row{route: "gopro.search", fault: "media added between two runs", world: plain, runs: 2,
			mend: func(b *bench) {
				if err := b.cloud.GoPro.Add(emulator.Many(1, 77)...); err != nil {
					b.t.Fatal(err)
				}
			}, grows: 64 * kib},
		&row{route: "albums.create", fault: "reset after commit, and the album is listed late", world: album,
			options: emulator.Options{Google: emulator.GoogleOptions{AlbumListDelay: 20 * time.Second}}, faults: on("albums.create", lie(emulator.FaultResetAfter))},
		albumsListed("pages hold half", emulator.GoogleOptions{ShortPages: true}),
		albumsListed("an empty page in between", emulator.GoogleOptions{EmptyPage: true}),
		albumsListed("the last row comes again", emulator.GoogleOptions{RepeatBoundary: true}),
		albumsListed("a short page", emulator.GoogleOptions{}, lie(emulator.FaultShortPage)),
		albumsListed("a reordered page", emulator.GoogleOptions{}, lie(emulator.FaultReorder)),
		albumsListed("the page before again", emulator.GoogleOptions{}, at(2, lie(emulator.FaultRepeatPage))),
		lostAlbums(albumsListed("the page before again for ever", emulator.GoogleOptions{}, at(2, times(forEver, lie(emulator.FaultRepeatPage))))),
		albumsListed("page 2 malformed", emulator.GoogleOptions{}, at(2, lie(emulator.FaultMalformed))),
	)
}

// albumsListed is a row of an account of 60 albums, the wanted one the oldest.
func albumsListed(failure string, o emulator.GoogleOptions, faults ...emulator.Fault) *row {
	return &row{route: "albums.list", fault: failure, world: album, options: emulator.Options{Google: o}, before: sixtyAlbums, faults: on("albums.list", faults...)}
}

func lostAlbums(r *row) *row {
	r.first, r.code = gondola.OutcomeFailed, fault.ListingIncomplete
	return r
}

func sixtyAlbums(b *bench) {
	photos := b.photos()
	for n := range 60 {
		title := "Trip"
		if n > 0 {
			title = fmt.Sprint("Another ", n)
		}
		if _, err := photos.CreateAlbum(b.t.Context(), title); err != nil {
			b.t.Fatal(err)
		}
	}
	b.cloud.Log.Clear()
}

// skewed are the rows of a machine whose clock is not that of the services.
func skewed() (rows []*row) {
	for _, skew := range []time.Duration{5 * time.Minute, 2 * time.Hour, 26 * time.Hour, 10 * 24 * time.Hour} {
		for name, by := range map[string]time.Duration{"behind": skew, "ahead": -skew} {
			name = fmt.Sprintf("%s %s", skew, name)
			rows = append(rows,
				&row{route: "clock", fault: name, world: plain, skew: by},
				&row{route: "clock", fault: name + ", and dates to wait for", world: plain, skew: by, faults: slices.Concat(
					on("gopro.search", asking(status(429), began.Add(by+2*time.Minute).Format(http.TimeFormat))),
					on("photos.batchCreate", asking(status(503), began.Add(by+2*time.Minute).Format(http.TimeFormat))))},
				&row{route: "clock", fault: name + ", and addresses that expire in mid-file", world: plain, skew: by, tune: oneByOne, refetch: cutAt,
					faults: on("cdn.get", after(cutAt, emulator.FaultCutResponse), at(2, emulator.Fault{Kind: emulator.FaultExpired}))},
				&row{route: "clock", fault: name + ", in two runs", world: plain, skew: by, tune: oneByOne,
					faults: on("upload.chunk", at(4, emulator.Fault{Kind: emulator.FaultQuotaDaily})), first: gondola.OutcomeQuota, code: fault.Quota},
			)
		}
	}
	return rows
}
