package faultmatrix

import (
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

const create = "photos.batchCreate"

// allOf is more than the plain world holds.
const allOf = videoSize + mib

func itemCode(code, item int) emulator.Fault {
	return at(2, emulator.Fault{Kind: emulator.FaultItemCode, Status: code, Item: item})
}

func saying(f emulator.Fault, words string) emulator.Fault {
	f.Body = words
	return f
}

// created are the rows about registering what was carried.
func created() (rows []*row) {
	for _, code := range []int{1, 2, 4, 6, 8, 10, 13, 14} {
		for _, status := range []int{200, 207} {
			rows = append(rows, &row{route: create, fault: fmt.Sprintf("code %d of one item with %d", code, status), world: small,
				options: emulator.Options{Google: emulator.GoogleOptions{PartialStatus: status}}, faults: on(create, itemCode(code, 3))})
		}
	}
	for _, spent := range []string{emulator.SpentAccepted, emulator.SpentItem, emulator.SpentRequest} {
		for call, again := range map[int]int64{1: videoSize, 2: videoSize} {
			options := emulator.Options{Google: emulator.GoogleOptions{SpentTokens: spent}}
			if spent == emulator.SpentAccepted {
				again = 0
			}
			rows = append(rows, &row{route: create, fault: fmt.Sprintf("answer %d lost after commit, spent tokens: %q", call, spent), world: plain,
				options: options, again: again, faults: on(create, at(call, emulator.Fault{Kind: emulator.FaultResetAfter}))})
		}
	}
	return append(rows,
		&row{route: create, fault: "two answers in a row lost after commit", world: small,
			faults: on(create, at(2, times(2, emulator.Fault{Kind: emulator.FaultResetAfter})))},
		&row{route: create, fault: "code 3 of one item", world: small, first: gondola.OutcomePartial, code: fault.Rejected, failed: 1,
			faults: on(create, itemCode(3, 3))},
		&row{route: create, fault: "one item says that the account is full", world: small, first: gondola.OutcomeQuota, code: fault.Storage,
			faults: on(create, saying(itemCode(8, 3), "The remaining storage in the user's account is not enough to perform this operation."))},
		&row{route: create, fault: "one item says so with code 3", world: small, first: gondola.OutcomeQuota, code: fault.Storage,
			faults: on(create, saying(itemCode(3, 3), "The remaining storage in the user's account is not enough to perform this operation."))},
		&row{route: create, fault: "one item says that the day's quota is spent", world: small, first: gondola.OutcomeQuota, code: fault.Quota,
			faults: on(create, saying(itemCode(8, 3), "Quota exceeded for quota metric 'All requests' and limit 'All requests per day' of service 'photoslibrary.googleapis.com'."))},
		&row{route: create, fault: "one bad token among 50", world: fifty, again: 64 * kib,
			before: both(uploadedOnly, spoil(func(n int) bool { return n == 25 }))},
		&row{route: create, fault: "three bad tokens among 50", world: fifty, again: 64 * kib,
			before: both(uploadedOnly, spoil(func(n int) bool { return n%20 == 5 }))},
		&row{route: create, fault: "a day passes before the tokens are spent", world: plain, again: allOf,
			before: both(uploadedOnly, pass(25*time.Hour))},
		&row{route: create, fault: "all uploads forgotten", world: plain, again: allOf,
			before: both(uploadedOnly, spoil(func(int) bool { return true }))},
		&row{route: create, fault: "all uploads forgotten, which the machine's clock does not tell", world: plain, again: allOf,
			before: both(uploadedOnly, func(b *bench) { b.cloud.Clock.Advance(25 * time.Hour) })},
		&row{route: create, fault: "the album is deleted before it is used", world: album,
			before: both(refusedBatch, func(b *bench) { b.cloud.Google.DropAlbum(b.cloud.Google.Albums()[0].ID) })},
		&row{route: create, fault: "an item is there already by other means", world: plain, before: putByHand},
	)
}

// uploadedOnly is a session of which the first item is registered, and all
// others wait to be.
func uploadedOnly(b *bench) {
	b.cloud.Faults.Add(
		emulator.Fault{Route: create, Kind: emulator.FaultStall, Delay: time.Minute}, // while all is carried
		emulator.Fault{Route: create, Kind: emulator.FaultQuotaDaily, Call: 2, Times: forEver},
	)
	b.sync(nil)
	waiting := 0
	for _, it := range b.items() {
		if it.Awaits() == state.Create && it.Receipt != nil {
			waiting++
		}
	}
	if waiting != len(b.original)-1 {
		b.t.Fatalf("preparing: %d of %d items wait: %v %s", waiting, len(b.original), b.last.err, describe(b.last))
	}
	b.cloud.Faults.Clear()
	b.cloud.Log.Clear()
}

// refusedBatch is a session whose album is there and holds nothing.
func refusedBatch(b *bench) {
	b.cloud.Faults.Add(emulator.Fault{Route: create, Kind: emulator.FaultQuotaDaily, Times: forEver})
	b.sync(nil)
	b.cloud.Faults.Clear()
	b.cloud.Log.Clear()
}

func both(first, second func(*bench)) func(*bench) {
	return func(b *bench) { first(b); second(b) }
}

// spoil replaces upload tokens by ones that the service never gave out.
func spoil(which func(n int) bool) func(*bench) {
	return func(b *bench) {
		b.edit(func(n int, it *state.Item) {
			if it.Receipt != nil && which(n) {
				it.Receipt.Token = fmt.Sprintf("CAISspoilt%d", n)
			}
		})
	}
}

// pass lets time go by, here and there.
func pass(d time.Duration) func(*bench) { return func(*bench) { time.Sleep(d) } }

// putByHand lays an item of the library into the account.
func putByHand(b *bench) {
	m := b.cloud.GoPro.Library()[3]
	content := m.Sources[0].Content
	data := make([]byte, content.Size())
	if _, err := content.ReadAt(data, 0); err != nil && err != io.EOF {
		b.t.Fatal(err)
	}
	if _, err := b.cloud.Google.Put("", "by hand.jpg", data); err != nil {
		b.t.Fatal(err)
	}
}
