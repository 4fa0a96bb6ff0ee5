package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func google() *library {
	return &library{name: "gphotos:", account: "gphotos:1", has: ready()}
}

func disk() *shelf {
	return &shelf{library: library{name: "folder:/disk", account: "folder:1", has: ready()}, record: map[string]station.Recalled{}}
}

// put lets a shelf hold items that a session carried.
func (s *shelf) put(session string, items ...media.Item) {
	for _, item := range items {
		s.record[item.LedgerKey()] = station.Recalled{
			Key: item.LedgerKey(), ID: "id of " + item.Name, SHA256: shaOf(item), Size: item.Size, Session: session, Version: item.Version,
		}
	}
}

func TestEverythingIsSafe(t *testing.T) {
	r, to := newRig(t), google()
	r.session("s", "gopro:me", to)
	r.carried("s", films(120)...)
	result, _ := r.mustAudit(&source{items: slices.Values(films(120))}, nil)
	if result.Safe != 120 || result.Media != 120 || !slices.Equal(to.calls, []int{50, 50, 20}) {
		t.Errorf("%+v, calls for %v", result, to.calls)
	}
	if p := result.Places; len(p) != 1 || p[0].Found != 120 || p[0].Name != "gphotos:" || len(failures(result)) > 0 {
		t.Errorf("places %+v", p)
	}
}

func TestNothingWasCarried(t *testing.T) {
	r := newRig(t)
	refused := film(1)
	refused.Refusal = &media.Refusal{Code: media.RefusedNoOriginal, Reason: "only a rendition is left"}
	result, found := r.mustAudit(&source{items: slices.Values([]media.Item{film(0), refused})}, nil)
	if result.AtRisk != 2 || result.BytesAtRisk != film(0).Size+film(1).Size {
		t.Errorf("%+v", result)
	}
	if found[film(0).Name].Reason != "no session has carried it" || found[film(1).Name].Reason != "only a rendition is left" {
		t.Errorf("%+v", found)
	}
}

// What a destination holds of an item decides, not what the store says.
func TestWhatIsHeldDecides(t *testing.T) {
	for name, tc := range map[string]struct {
		held *station.RemoteItem
		safe bool
		says string
	}{
		"ready":      {&station.RemoteItem{Readiness: station.Ready}, true, ""},
		"deleted":    {nil, false, "not at the destination"},
		"processing": {&station.RemoteItem{Readiness: station.Processing}, false, "still processes"},
		"unusable":   {&station.RemoteItem{Readiness: station.Unusable}, false, "could not process"},
		"altered":    {&station.RemoteItem{Readiness: station.Altered}, false, "was changed"},
		"another":    {&station.RemoteItem{Name: "other.JPG", Kind: media.Photo, Readiness: station.Ready}, false, "another item"},
	} {
		t.Run(name, func(t *testing.T) {
			r, to := newRig(t), google()
			to.has = func(string) *station.RemoteItem { return tc.held }
			r.session("s", "gopro:me", to)
			r.carried("s", film(1))
			result, found := r.mustAudit(&source{items: slices.Values(films(2)[1:])}, nil)
			if (result.Safe == 1) != tc.safe || !tc.safe && (result.AtRisk != 1 || !strings.Contains(found[film(1).Name].Reason, tc.says)) {
				t.Errorf("%+v, %+v", result, found)
			}
		})
	}
}

// A video that is still processed is waited for.
func TestProcessingIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := newRig(t), google()
		done := time.Now().Add(time.Minute)
		to.has = func(string) *station.RemoteItem {
			if time.Now().Before(done) {
				return &station.RemoteItem{Readiness: station.Processing}
			}
			return &station.RemoteItem{Readiness: station.Ready}
		}
		r.session("s", "gopro:me", to)
		r.carried("s", film(1))
		result, found := r.mustAudit(&source{items: slices.Values(films(2)[1:])}, func(o *audit.Options) { o.Wait = time.Hour })
		if result.Safe != 1 {
			t.Errorf("%+v, %+v", result, found)
		}
	})
}

func TestUnprovenListing(t *testing.T) {
	r, to := newRig(t), google()
	r.session("s", "gopro:me", to)
	r.carried("s", films(3)...)
	cause := &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list"}
	result, _, err := r.audit(&source{items: slices.Values(films(3)), err: cause}, nil)
	if fault.CodeOf(err) != fault.ListingIncomplete || result.Listed || result.Safe != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A quota that ends in the middle leaves what was not asked for unknown, and what
// was never carried at risk.
func TestQuotaEndsInTheMiddle(t *testing.T) {
	r, to := newRig(t), google()
	to.fail = func(call int) error {
		if call <= 2 {
			return nil
		}
		return &fault.Error{Class: fault.Session, Code: fault.Quota, Op: "look for items"}
	}
	r.session("s", "gopro:me", to)
	r.carried("s", films(200)...)
	result, found := r.mustAudit(&source{items: slices.Values(films(203))}, nil)
	if result.Safe != 100 || result.Unknown != 100 || result.AtRisk != 3 || len(to.calls) != 3 {
		t.Errorf("%+v, %d calls", result, len(to.calls))
	}
	if errs := failures(result); len(errs) != 1 || fault.CodeOf(errs[0]) != fault.Quota {
		t.Errorf("errors %v", errs)
	}
	if it := found[film(150).Name]; it.Status != audit.Unknown || it.Reason != "gphotos: it could not be asked" {
		t.Errorf("%+v", it)
	}
}

// Without a login, what the store says is unknown, not safe. A place that holds it
// as well is enough.
func TestWithoutLogin(t *testing.T) {
	r, to, box := newRig(t), google(), disk()
	r.session("s", "gopro:me", to)
	r.carried("s", films(4)...)
	delete(r.places, to.Name())
	result, _ := r.mustAudit(&source{items: slices.Values(films(5))}, nil)
	if result.Unknown != 4 || result.AtRisk != 1 || fault.CodeOf(failures(result)[0]) != fault.Auth {
		t.Errorf("%+v", result)
	}
	box.put("elsewhere", films(5)...)
	r.places[box.name] = box
	result, _ = r.mustAudit(&source{items: slices.Values(films(5))}, func(o *audit.Options) { o.At = []string{box.name} })
	if result.Safe != 5 || len(failures(result)) != 0 {
		t.Errorf("with a folder: %+v", result)
	}
}

// A destination with a record of its own is asked first, and what it holds is asked
// for nowhere else, unless all is.
func TestRecordsOfTheirOwnComeFirst(t *testing.T) {
	r, to, box := newRig(t), google(), disk()
	r.session("g", "gopro:me", to)
	r.session("f", "gopro:me", box)
	r.carried("g", films(10)...)
	r.carried("f", films(8)...)
	box.put("f", films(8)...)
	box.has = ready("id of " + film(0).Name) // changed or gone since
	result, _ := r.mustAudit(&source{items: slices.Values(films(10))}, nil)
	if result.Safe != 10 || !slices.Equal(to.calls, []int{3}) {
		t.Errorf("%+v, calls for %v", result, to.calls)
	}
	to.calls = nil
	both := 0
	result, _ = r.mustAudit(&source{items: slices.Values(films(10))}, func(o *audit.Options) {
		each := o.Each
		o.All, o.Each = true, func(it audit.Item) error {
			if len(it.At) == 2 {
				both++
			}
			return each(it)
		}
	})
	if result.Safe != 10 || both != 7 || !slices.Equal(to.calls, []int{10}) {
		t.Errorf("%+v, %d at both, calls for %v", result, both, to.calls)
	}
}

// The store says that a file lies in a folder, the folder says that it does not.
func TestRemovedFromFolder(t *testing.T) {
	r, box := newRig(t), disk()
	r.session("f", "gopro:me", box)
	r.carried("f", films(2)...)
	box.put("f", film(0))
	result, found := r.mustAudit(&source{items: slices.Values(films(2))}, nil)
	if it := found[film(1).Name]; result.AtRisk != 1 || it.Reason != "folder:/disk: it is not there any more" {
		t.Errorf("%+v, %+v", result, it)
	}
}

// A folder under the path of a session's is another one: a disk is not mounted.
func TestAnotherDisk(t *testing.T) {
	r, box := newRig(t), disk()
	r.session("f", "gopro:me", box)
	r.carried("f", films(2)...)
	other := disk()
	other.account = "folder:2"
	r.places[box.name] = other
	result, _ := r.mustAudit(&source{items: slices.Values(films(3))}, nil)
	if result.Unknown != 2 || result.AtRisk != 1 || !strings.Contains(fmt.Sprint(failures(result)), "another folder:/disk") {
		t.Errorf("%+v", result)
	}
}

func TestFolderThatCannotBeRead(t *testing.T) {
	r, box := newRig(t), disk()
	box.fail = &fault.Error{Class: fault.Session, Code: fault.State, Op: "read the manifest"}
	r.places[box.name] = box
	result, _ := r.mustAudit(&source{items: slices.Values(films(2))}, func(o *audit.Options) { o.At = []string{box.name} })
	if result.Unknown != 2 || len(failures(result)) != 1 {
		t.Errorf("%+v", result)
	}
}

// Another login of the same account can see the items; one of another account
// cannot, and says nothing of them.
func TestAnotherLogin(t *testing.T) {
	for account, has := range map[string]func(string) *station.RemoteItem{
		"the same":    ready(),
		"another one": func(string) *station.RemoteItem { return nil },
	} {
		r, to := newRig(t), google()
		r.session("s", "gopro:me", to)
		r.carried("s", films(3)...)
		to.account, to.has = "gphotos:2", has
		result, _ := r.mustAudit(&source{items: slices.Values(films(3))}, nil)
		switch {
		case account == "the same" && result.Safe != 3:
			t.Errorf("%s: %+v", account, result)
		case account == "another one" && (result.Unknown != 3 || fault.CodeOf(failures(result)[0]) != fault.Auth):
			t.Errorf("%s: %+v", account, result)
		}
	}
}

// Two accounts of a source with equal identities do not vouch for one another.
func TestOriginsDoNotVouchForOneAnother(t *testing.T) {
	r, to, box := newRig(t), google(), disk()
	r.session("anna", "gopro:anna", to)
	r.carried("anna", films(3)...)
	r.session("anna2", "gopro:anna", box)
	r.carried("anna2", films(3)...)
	box.put("anna2", films(3)...)
	result, _ := r.mustAudit(&source{items: slices.Values(films(3)), origin: "gopro:bert"}, nil)
	if result.AtRisk != 3 || len(to.calls) != 0 {
		t.Errorf("bert: %+v", result)
	}
	if result, _ = r.mustAudit(&source{items: slices.Values(films(3)), origin: "gopro:anna"}, nil); result.Safe != 3 {
		t.Errorf("anna: %+v", result)
	}
	r.session("bert", "gopro:bert", to)
	r.carried("bert", film(1))
	if result, _ = r.mustAudit(&source{items: slices.Values(films(3)), origin: "gopro:bert"}, nil); result.Safe != 1 || result.AtRisk != 2 {
		t.Errorf("bert after a sync: %+v", result)
	}
}

// The bytes of an item count under whatever identity they were carried.
func TestTwinByContent(t *testing.T) {
	r, to, box := newRig(t), google(), disk()
	r.session("s", "gopro:me", to)
	r.carried("s", films(2)...)
	to.has = func(string) *station.RemoteItem { return nil } // deleted there
	r.session("other", "folder:/card", box)
	box.record["another key"] = station.Recalled{Key: "another key", ID: "2026/a.MP4", SHA256: shaOf(film(1)), Size: film(1).Size, Session: "other"}
	result, found := r.mustAudit(&source{items: slices.Values(films(2))}, nil)
	if result.Safe != 1 || result.AtRisk != 1 || found[film(0).Name].Status != audit.AtRisk {
		t.Errorf("%+v, %+v", result, found)
	}
}

// Another version of a file was carried than the source holds now.
func TestAnotherVersion(t *testing.T) {
	r, to := newRig(t), google()
	r.session("s", "gopro:me", to)
	was := film(1)
	was.Version = "1"
	r.carried("s", was)
	now := film(1)
	now.Version = "2"
	if result, _ := r.mustAudit(&source{items: slices.Values([]media.Item{now})}, nil); result.AtRisk != 1 {
		t.Errorf("%+v", result)
	}
	if result, _ := r.mustAudit(&source{items: slices.Values([]media.Item{was})}, nil); result.Safe != 1 {
		t.Errorf("the version that was carried: %+v", result)
	}
}

// The reason why a session has not carried an item is named. What the source still
// works on may become another file than the one that was carried.
func TestReasons(t *testing.T) {
	r, to := newRig(t), google()
	r.session("s", "gopro:me", to)
	r.carried("s", film(3))
	skipped := &state.Item{Item: film(0), Discovery: state.Completed, Transfer: state.Pending, Create: state.Skipped}
	skipped.Refusal = &media.Refusal{Code: media.RefusedType, Reason: "no .360 files"}
	failed := &state.Item{Item: film(1), Discovery: state.Completed, Transfer: state.Failed, Create: state.Skipped,
		Errors: map[state.Stage]state.ErrorRecord{state.Transfer: {Message: "the line is cut"}}}
	pending := &state.Item{Item: film(2), Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
	r.must(r.backend.PutItems(t.Context(), "s", skipped, failed, pending))
	arriving := film(3)
	arriving.Refusal = &media.Refusal{Code: media.RefusedTranscoding, Reason: "still transcoding"}
	result, found := r.mustAudit(&source{items: slices.Values(append(films(3), arriving))}, nil)
	if result.AtRisk != 4 {
		t.Errorf("%+v", result)
	}
	for n, want := range []string{"gphotos: no .360 files", "gphotos: not carried: the line is cut", "gphotos: not carried yet", "still transcoding"} {
		if got := found[film(n).Name].Reason; got != want {
			t.Errorf("%s: %q, want %q", film(n).Name, got, want)
		}
	}
}

// A session without an entry in the ledger, as q2google leaves it, is found.
func TestSessionWithoutLedger(t *testing.T) {
	r, to := newRig(t), google()
	r.session("s", "gopro:me", to)
	it := &state.Item{Item: film(1), Discovery: state.Completed, Transfer: state.Completed, Create: state.Completed, DestinationID: "x"}
	r.must(r.backend.PutItems(t.Context(), "s", it))
	if result, _ := r.mustAudit(&source{items: slices.Values(films(2))}, nil); result.Safe != 1 || result.AtRisk != 1 {
		t.Errorf("%+v", result)
	}
}

// Whatever is carried, deleted and out of reach: an item is safe if and only if a
// place that answers holds it, and unknown only if a place that does not may.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, to, box := newRig(t), google(), disk()
		r.session("g", "gopro:me", to)
		r.session("f", "gopro:me", box)
		all := films(8)
		some := func(label string) map[string]bool {
			set := map[string]bool{}
			for _, item := range all {
				set[item.Name] = rapid.Bool().Draw(rt, label)
			}
			return set
		}
		toGoogle, toDisk, deleted, removed := some("to google"), some("to disk"), some("deleted"), some("removed")
		googleAnswers, diskAnswers := rapid.Bool().Draw(rt, "google"), rapid.Bool().Draw(rt, "disk")
		var lost []string
		var there, here []media.Item // by the records
		for _, item := range all {
			if toGoogle[item.Name] {
				there = append(there, item)
			}
			if deleted[item.Name] {
				lost = append(lost, "id of "+item.Name)
			}
			if toDisk[item.Name] {
				here = append(here, item)
			}
			if toDisk[item.Name] && !removed[item.Name] {
				box.put("f", item)
			}
		}
		r.carried("g", there...)
		r.carried("f", here...)
		to.has = ready(lost...)
		for name, answers := range map[string]bool{to.name: googleAnswers, box.name: diskAnswers} {
			if !answers {
				delete(r.places, name)
			}
		}
		_, found := r.mustAudit(&source{items: slices.Values(all)}, nil)
		for _, item := range all {
			n := item.Name
			held := toGoogle[n] && !deleted[n] && googleAnswers || toDisk[n] && !removed[n] && diskAnswers
			want := audit.AtRisk
			switch {
			case held:
				want = ""
			case toGoogle[n] && !googleAnswers || toDisk[n] && !diskAnswers:
				want = audit.Unknown
			}
			if found[n].Status != want {
				rt.Fatalf("%s is %q, want %q: %+v", n, found[n].Status, want, found[n])
			}
		}
	})
}
