package gondola_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func TestVerifyFindsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(30, 12)
		src.add("copy", "COPY.MP4", src.bytes[src.items[0].ID.Key()]) // one id for two items
		src.add("empty", "GOPR0001.JPG", nil)
		o := options(t, src, lib)
		mustSync(t, o)
		at := inspect(lib)
		v, found := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: at, Backend: o.Backend})
		wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 13, gondola.VerdictSkipped: 1})
		if !slices.Equal(at.asked, []int{5, 5, 2}) {
			t.Errorf("asked for %v ids, want 12 by 5", at.asked)
		}
		if it := found["GOPR0001.JPG"]; it.Reason != "the file is empty" || !it.At.IsZero() {
			t.Errorf("skipped: %+v", it)
		}
		s, err := o.Backend.Session(t.Context(), "s")
		if err != nil || !s.VerifiedAt.Equal(v.BeganAt) {
			t.Errorf("verified at %v, %v; want %v", s.VerifiedAt, err, v.BeganAt)
		}
		for _, it := range found {
			stored := it.Item
			if it.Verdict == gondola.VerdictVerified && (stored.CarriedAt.IsZero() || stored.RegisteredAt.Before(stored.CarriedAt) || it.At.Before(stored.RegisteredAt)) {
				t.Errorf("%s: carried %v, registered %v, verified %v", stored.Name, stored.CarriedAt, stored.RegisteredAt, it.At)
			}
		}
		// A destination that can only tell whether something is there.
		v, _ = verify(t, gondola.VerifyOptions{SessionID: "s", Destination: lib, Backend: o.Backend})
		wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 13, gondola.VerdictSkipped: 1})
	})
}

func TestWhatIsMissingIsCarriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(31, 8)
		o := options(t, src, lib)
		o.Window = media.Window{Start: src.items[0].CapturedAt, End: src.items[7].CapturedAt} // over, and proven: not listed again
		mustSync(t, o)
		o.SessionID = "overlapping"
		mustSync(t, o)

		lost := src.items[3].Name
		id := idOf(t, o.Backend, "s", lost)
		lib.drop(id)
		check := gondola.VerifyOptions{SessionID: "overlapping", Destination: inspect(lib), Backend: o.Backend}
		v, found := verify(t, check)
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 7, gondola.VerdictMissing: 1})
		if it := found[lost]; it.Verdict != gondola.VerdictMissing || it.Item.DestinationID != id || it.Reason == "" {
			t.Errorf("missing: %+v", it)
		}
		v, _ = verify(t, check)
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 7, gondola.VerdictPending: 1})

		o.SessionID = "third" // begun before it is put back: the ledger must not say that it is there
		if p := mustPlan(t, o); p.Items != 1 || p.AlreadyThere != 7 {
			t.Errorf("a new session would carry %d items", p.Items)
		}

		received := lib.received
		o.SessionID = "overlapping"
		s := mustSync(t, o)
		if want := int64(len(src.bytes[src.items[3].ID.Key()])); lib.received-received != want || s.Outcome != gondola.OutcomeComplete {
			t.Errorf("%d bytes carried again, want %d; outcome %s", lib.received-received, want, s.Outcome)
		}
		if s.Items.Outcomes[state.OutcomeCreated] != 1 || s.Items.Outcomes[state.OutcomeAlreadyThere] != 7 {
			t.Errorf("items %v", s.Items)
		}
		wantArrived(t, src, lib)
		v, _ = verify(t, check)
		wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 8})
	})
}

// TestWhatAnotherSessionPutBackIsNotCarried: the item has a new id, which only
// the other session and the ledger know.
func TestWhatAnotherSessionPutBackIsNotCarried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(32, 3)
		o := options(t, src, lib)
		mustSync(t, o)
		lost := src.items[1]
		old := idOf(t, o.Backend, "s", lost.Name)
		lib.items["renewed"], lib.names["renewed"] = lib.items[old], lost.Name
		lib.drop(old)
		err := o.Backend.Record(t.Context(), state.LedgerEntry{
			Account: lib.account, Key: lost.ID.Key(), DestinationID: "renewed", Session: "other", At: time.Now().UTC(),
		})
		if err != nil {
			t.Fatal(err)
		}
		check := gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend}
		v, _ := verify(t, check)
		wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 3})
		if id := idOf(t, o.Backend, "s", lost.Name); id != "renewed" {
			t.Errorf("the session holds the id %q", id)
		}

		lib.drop("renewed") // and gone for good
		v, _ = verify(t, check)
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 2, gondola.VerdictMissing: 1})
		mustSync(t, o)
		wantArrived(t, src, lib)
	})
}

// TestVerifyFollowsBytes: the same bytes came back from another source under a new
// id. What no session has put back is forgotten, by its bytes too.
func TestVerifyFollowsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(33, 3)
		o := options(t, src, lib)
		mustSync(t, o)
		recall := func(item media.Item) (*state.LedgerEntry, error) {
			return o.Backend.Recall(t.Context(), lib.account, bytesKey(src.bytes[item.ID.Key()]))
		}
		moved, lost := src.items[0], src.items[1]
		old := idOf(t, o.Backend, "s", moved.Name)
		lib.items["renewed"], lib.names["renewed"] = lib.items[old], moved.Name
		lib.drop(old)
		entry, err := recall(moved)
		if err != nil {
			t.Fatal(err)
		}
		entry.DestinationID, entry.Session = "renewed", "other"
		if err := o.Backend.Record(t.Context(), *entry); err != nil {
			t.Fatal(err)
		}
		lib.drop(idOf(t, o.Backend, "s", lost.Name))
		v, _ := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend})
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 2, gondola.VerdictMissing: 1})
		if id := idOf(t, o.Backend, "s", moved.Name); id != "renewed" {
			t.Errorf("the session holds the id %q", id)
		}
		if _, err := recall(lost); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("the bytes of what is missing: %v", err)
		}
	})
}

// TestVerifyRecordsBytes: the ledger of an earlier version knew identities only.
func TestVerifyRecordsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(34, 3)
		o := options(t, src, lib)
		mustSync(t, o)
		recorded := func() (n int) {
			for _, item := range src.items {
				if entry, err := o.Backend.Recall(t.Context(), lib.account, bytesKey(src.bytes[item.ID.Key()])); err == nil && entry.DestinationID != "" {
					n++
				}
			}
			return n
		}
		for _, item := range src.items[1:] {
			err := o.Backend.Record(t.Context(), state.LedgerEntry{Account: lib.account, Key: bytesKey(src.bytes[item.ID.Key()]), Gone: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		lib.drop(idOf(t, o.Backend, "s", src.items[2].Name))
		if n := recorded(); n != 1 {
			t.Fatalf("%d of 3 are on record", n)
		}
		verify(t, gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend})
		if n := recorded(); n != 2 {
			t.Errorf("%d of 3 are on record after a verification that found 2", n)
		}
	})
}

// bytesKey is the key of bytes in the ledger.
func bytesKey(data []byte) string { return media.ID{Station: "sha256", Medium: digest(data)}.Key() }

func TestVerifyWaitsForVideosSparsely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(33, 7)
		o := options(t, src, lib)
		mustSync(t, o)
		at := inspect(lib)
		slow, never, bad := src.items[0].Name, src.items[1].Name, src.items[2].Name
		at.processing[idOf(t, o.Backend, "s", slow)] = time.Now().Add(4 * time.Minute)
		at.processing[idOf(t, o.Backend, "s", never)] = time.Now().Add(24 * time.Hour)
		at.unusable[idOf(t, o.Backend, "s", bad)] = true
		var waits []time.Duration
		check := gondola.VerifyOptions{
			SessionID: "s", Destination: at, Backend: o.Backend, Wait: 20 * time.Minute,
			Bus: new(progress.Bus),
		}
		stop := observed(check.Bus, func(e progress.Event) {
			if w, ok := e.(progress.Wait); ok && w.Reason != "" {
				waits = append(waits, time.Until(w.Until))
			}
		})
		began := time.Now()
		v, found := verify(t, check)
		synctest.Wait()
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 5, gondola.VerdictProcessing: 1, gondola.VerdictUnusable: 1})
		if found[slow].Verdict != gondola.VerdictVerified || found[never].Verdict != gondola.VerdictProcessing || found[bad].Verdict != gondola.VerdictUnusable {
			t.Errorf("verdicts: %s, %s, %s", found[slow].Verdict, found[never].Verdict, found[bad].Verdict)
		}
		s := time.Second
		want := []time.Duration{30 * s, 60 * s, 120 * s, 240 * s, 300 * s, 300 * s, 150 * s}
		if !slices.Equal(waits, want) || time.Since(began) != 20*time.Minute {
			t.Errorf("waited %v, %v in all", waits, time.Since(began))
		}
		if len(at.asked) != 2+len(want) {
			t.Errorf("asked for %v ids", at.asked)
		}

		waits, check.Wait = nil, 0
		verify(t, check)
		if stop(); len(waits) != 0 {
			t.Errorf("waited %v without leave", waits)
		}
		time.Sleep(24 * time.Hour)
		v, _ = verify(t, check)
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 6, gondola.VerdictUnusable: 1})

		ctx, cancel := context.WithCancelCause(t.Context())
		asked := errors.New("asked to stop")
		at.processing[idOf(t, o.Backend, "s", slow)] = time.Now().Add(time.Hour)
		check.Wait = time.Hour
		check.Bus = new(progress.Bus)
		stop = observed(check.Bus, func(progress.Event) { cancel(asked) })
		if _, err := gondola.Verify(ctx, check); !errors.Is(err, asked) {
			t.Errorf("Verify while asked to stop: %v", err)
		}
		stop()
	})
}

func TestVerifyKnowsAnItemFromAnother(t *testing.T) {
	for _, tc := range []struct {
		what    string
		held    station.RemoteItem
		verdict gondola.Verdict
		remark  string
	}{
		{"the same", station.RemoteItem{Name: "GX010001.MP4", Kind: media.Video, Width: 3840, Height: 2160}, gondola.VerdictVerified, ""},
		{"an earlier name", station.RemoteItem{Name: "earlier.mp4", Kind: media.Video, Width: 3840, Height: 2160}, gondola.VerdictVerified, "calls it earlier.mp4"},
		{"turned upright", station.RemoteItem{Name: "earlier.mp4", Kind: media.Video, Width: 2160, Height: 3840}, gondola.VerdictVerified, "calls it earlier.mp4"},
		{"q2google's name", station.RemoteItem{Name: "GX010001000.MP4", Kind: media.Video}, gondola.VerdictVerified, ""},
		{"measured differently", station.RemoteItem{Name: "GX010001.MP4", Kind: media.Video, Width: 1920, Height: 1080}, gondola.VerdictVerified, "measures 1920 × 1080 pixels, the source 3840 × 2160"},
		{"little is told", station.RemoteItem{Name: "earlier.mp4"}, gondola.VerdictVerified, "calls it earlier.mp4"},
		{"nothing is told", station.RemoteItem{}, gondola.VerdictVerified, ""},
		{"a photo", station.RemoteItem{Name: "GOPR0001.JPG", Kind: media.Photo}, gondola.VerdictMissing, "another item, GOPR0001.JPG"},
		{"a wrong extension", station.RemoteItem{Name: "GX010001.MP4", Kind: media.Photo}, gondola.VerdictVerified, ""},
	} {
		t.Run(tc.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(34, 0)
				src.add("m", "GX010001.MP4", []byte("a video"))
				src.items[0].Width, src.items[0].Height, src.items[0].LegacyName = 3840, 2160, "GX010001000.MP4"
				o := options(t, src, lib)
				mustSync(t, o)
				at := inspect(lib)
				tc.held.Readiness = station.Ready
				at.shown[idOf(t, o.Backend, "s", "GX010001.MP4")] = &tc.held
				check := gondola.VerifyOptions{SessionID: "s", Destination: at, Backend: o.Backend}
				_, found := verify(t, check)
				it := found["GX010001.MP4"]
				if it.Verdict != tc.verdict || (tc.remark == "") != (it.Reason == "") || !strings.Contains(it.Reason, tc.remark) {
					t.Errorf("%s, %q; want %s, %q", it.Verdict, it.Reason, tc.verdict, tc.remark)
				}
				// What comes back the same after it was carried again is the item.
				mustSync(t, o)
				v, _ := verify(t, check)
				wantVerdicts(t, v, true, map[gondola.Verdict]int{gondola.VerdictVerified: 1})
			})
		})
	}
}

func TestVerifyOfWhatIsNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(35, 4)
		src.listErr = &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list gopro: 5 of 9 items"}
		gone := src.items[2]
		delete(src.bytes, gone.ID.Key())
		o := options(t, src, lib)
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.ListingIncomplete {
			t.Fatal(err)
		}
		named := &state.Item{Item: media.Item{Name: "old.mp4"}, Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed}
		if err := o.Backend.PutItems(t.Context(), "s", named); err != nil {
			t.Fatal(err)
		}
		at := inspect(lib)
		check := gondola.VerifyOptions{SessionID: "s", Destination: at, Backend: o.Backend}
		v, found := verify(t, check)
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 3, gondola.VerdictPending: 1, gondola.VerdictUnproven: 1})
		if it := found[gone.Name]; !strings.Contains(it.Reason, "open "+gone.Name) {
			t.Errorf("pending: %+v", it)
		}
		if v.Listed || found["old.mp4"].Reason == "" {
			t.Errorf("%+v, %+v", v, found["old.mp4"])
		}

		calls := len(at.asked)
		check.SessionID = "nowhere"
		if _, err := gondola.Verify(t.Context(), check); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("an unknown session: %v", err)
		}
		check.SessionID = "s"
		lock, err := o.Backend.Lock(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gondola.Verify(t.Context(), check); !errorIs[*state.LockedError](err) {
			t.Errorf("a locked session: %v", err)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		if len(at.asked) != calls {
			t.Error("refused, and yet the destination was asked")
		}
		lib.account, lib.items = "gphotos:another", map[string]string{}
		if _, err := gondola.Verify(t.Context(), check); fault.CodeOf(err) != fault.Auth {
			t.Errorf("another account: %v", err)
		}
		if len(at.asked) != calls+1 {
			t.Errorf("%d calls to tell one account from another, want 1", len(at.asked)-calls)
		}
	})
}

// TestASessionOfQ2googleIsNotSentBack: nobody knows into which account it went.
func TestASessionOfQ2googleIsNotSentBack(t *testing.T) {
	_, lib := pair(36, 0)
	b := openBackend(t, t.TempDir())
	s := &state.Session{ID: "s", Start: "2026-01-08T00:00:00", End: "2026-01-09T00:00:00", BatchSize: 50, To: "gphotos:",
		Stages: map[state.Stage]state.Status{state.Discovery: state.Completed}}
	it := &state.Item{Item: media.Item{Name: "a.jpg"}, Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed, DestinationID: "1"}
	if err := errors.Join(b.PutSession(t.Context(), s), b.PutItems(t.Context(), "s", it)); err != nil {
		t.Fatal(err)
	}
	v, _ := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: b})
	wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictMissing: 1})
	if id := idOf(t, b, "s", "a.jpg"); id != "1" {
		t.Errorf("sent back; its id is %q", id)
	}
}

// TestDeathWhileSendingBack dies at each change of state of a verification: the
// ledger never says that something is there that nobody will carry.
func TestDeathWhileSendingBack(t *testing.T) {
	for n := range 3 {
		synctest.Test(t, func(t *testing.T) {
			src, lib := pair(37, 5)
			o := options(t, src, lib)
			mustSync(t, o)
			lib.drop(idOf(t, o.Backend, "s", src.items[2].Name))
			ctx, die := context.WithCancelCause(t.Context())
			brittle := crash.Backend{Backend: o.Backend, Countdown: crash.After(n, die)}
			check := gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: brittle}
			gondola.Verify(ctx, check)
			die(nil)
			if n == 1 { // one change was stored: another session already has to see it
				another := o
				another.SessionID = "another"
				mustSync(t, another)
				wantArrived(t, src, lib)
			}
			check.Backend = o.Backend
			verify(t, check)
			mustSync(t, o)
			wantArrived(t, src, lib)
			if v, _ := verify(t, check); !v.Proven() {
				t.Errorf("died after %d changes: %v", n, v.Items)
			}
		})
	}
}

// TestVerifyGoesPageByPage verifies a session of several pages, the last item of
// which is lost, in order and with as few calls as there can be.
func TestVerifyGoesPageByPage(t *testing.T) {
	const items = 2500
	_, lib := pair(38, 0)
	document := &state.Document{Session: state.NewSession("s", media.Window{}, time.Now())}
	document.Session.Account, document.Session.Stages = lib.account, map[state.Stage]state.Status{state.Discovery: state.Completed}
	for i := range items {
		id := fmt.Sprintf("id-%04d", i)
		document.Items = append(document.Items, &state.Item{
			Item: media.Item{ID: media.ID{Station: "gopro", Medium: id, Part: 1, Label: "source"}, Name: id + ".MP4"}, Seq: int64(i + 1),
			Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed, DestinationID: id,
		})
		if i < items-1 {
			lib.items[id], lib.names[id] = "sum", id+".MP4"
		}
	}
	at := inspect(lib)
	b := state.Adapt(&shelfOfOne{document})
	v, _ := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: at, Backend: b})
	wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: items - 1, gondola.VerdictMissing: 1})
	if want := items/at.Limits().Batch + 1; len(at.asked) != want { // the lost one twice
		t.Errorf("%d calls, want %d", len(at.asked), want)
	}
	it, err := b.ItemNamed(t.Context(), "s", fmt.Sprintf("id-%04d.MP4", items-1))
	if err != nil || it.Awaits() != state.Transfer || it.DestinationID != "" || it.MissedAt.IsZero() {
		t.Errorf("the lost one: %+v, %v", it, err)
	}
}

// TestAnIncompleteListingIsNotProven, though all that it holds is there.
func TestAnIncompleteListingIsNotProven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(41, 3)
		src.listErr = &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list gopro: 3 of 9 items"}
		o := options(t, src, lib)
		if _, err := gondola.Sync(t.Context(), o); fault.CodeOf(err) != fault.ListingIncomplete {
			t.Fatal(err)
		}
		v, _ := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend})
		wantVerdicts(t, v, false, map[gondola.Verdict]int{gondola.VerdictVerified: 3})
	})
}
