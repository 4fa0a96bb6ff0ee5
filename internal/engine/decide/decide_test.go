package decide_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

var (
	id   = media.ID{Station: "gopro", Medium: "m1", Part: 1, Label: "source"}
	noon = time.Date(2026, 1, 8, 12, 0, 0, 0, time.UTC)
	busy = &media.Refusal{Code: media.RefusedTranscoding, Reason: "not ready"}
	huge = &media.Refusal{Code: media.RefusedTooLarge, Reason: "too large"}
)

// item returns an item that awaits transfer, as the changes say.
func item(changes ...func(*state.Item)) *state.Item {
	it := &state.Item{
		Item: media.Item{ID: id, Name: "GX010001.MP4", Size: 7, Version: "v1"},
		Seq:  3, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
	for _, change := range changes {
		change(it)
	}
	return it
}

func transferred(it *state.Item) {
	it.Transfer, it.Carried, it.SHA256, it.CarriedAt = state.Completed, 7, "abc", noon
	it.Receipt = &station.Receipt{Token: "t", Size: 7}
}

func created(it *state.Item) {
	transferred(it)
	it.Receipt, it.Create, it.DestinationID, it.RegisteredAt = nil, state.Completed, "d1", noon
}

func nameless(it *state.Item) { it.ID, it.Version = media.ID{}, "" }

func refused(why *media.Refusal) func(*state.Item) {
	return func(it *state.Item) { it.Refusal, it.Create = why, state.Skipped }
}

func TestEveryAction(t *testing.T) {
	listed := func(change func(*media.Item)) media.Item {
		it := media.Item{ID: id, Name: "GX010001.MP4", LegacyName: "GX010001.MP4", Size: 7, Version: "v1"}
		if change != nil {
			change(&it)
		}
		return it
	}
	other := func(it *media.Item) { it.Version, it.Size = "v2", 9 }
	unready := func(it *media.Item) { it.Refusal = busy }
	marked := func(it *media.Item) { it.Revision, it.Of = "r2", 1 }
	unknown := func(it *media.Item) { it.Size = media.SizeUnknown }
	entry := &state.LedgerEntry{DestinationID: "d9", SHA256: "cafe", Size: 7, Version: "v1", At: noon}
	const transfer, create, done = state.Transfer, state.Create, state.Stage("")

	for name, test := range map[string]struct {
		facts  decide.Facts
		action decide.Action
		awaits state.Stage
		id     string // at the destination
	}{
		"new":                           {decide.Facts{Listed: listed(nil)}, decide.Carry, transfer, ""},
		"new, in the ledger":            {decide.Facts{Listed: listed(nil), Ledger: entry}, decide.There, done, "d9"},
		"new, changed since the ledger": {decide.Facts{Listed: listed(other), Ledger: entry}, decide.Carry, transfer, ""},
		"new, refused":                  {decide.Facts{Listed: listed(unready)}, decide.Skip, done, ""},
		"new, refused, in the ledger":   {decide.Facts{Listed: listed(unready), Ledger: entry}, decide.Skip, done, ""},

		"awaits transfer":              {decide.Facts{Listed: listed(marked), Held: item()}, decide.Keep, transfer, ""},
		"transferred":                  {decide.Facts{Listed: listed(marked), Held: item(transferred)}, decide.Keep, create, ""},
		"transferred, refused now":     {decide.Facts{Listed: listed(unready), Held: item(transferred)}, decide.Keep, create, ""},
		"arrived":                      {decide.Facts{Listed: listed(nil), Held: item(created)}, decide.Keep, done, "d1"},
		"arrived, refused now":         {decide.Facts{Listed: listed(unready), Held: item(created)}, decide.Keep, done, "d1"},
		"arrived, marked":              {decide.Facts{Listed: listed(marked), Held: item(created)}, decide.Mark, done, "d1"},
		"arrived before versions were": {decide.Facts{Listed: listed(nil), Held: item(created, func(it *state.Item) { it.Version = "" })}, decide.Mark, done, "d1"},
		"refused, refused again":       {decide.Facts{Listed: listed(unready), Held: item(refused(busy))}, decide.Keep, done, ""},
		"refused for its size, learned by opening": {
			decide.Facts{Listed: listed(unknown), Held: item(refused(huge))}, decide.Keep, done, ""},

		"awaits transfer, refused now":       {decide.Facts{Listed: listed(unready), Held: item()}, decide.Refresh, done, ""},
		"refused, ready now":                 {decide.Facts{Listed: listed(nil), Held: item(refused(busy))}, decide.Refresh, transfer, ""},
		"refused without its receipt, ready": {decide.Facts{Listed: listed(nil), Held: item(transferred, refused(busy), func(it *state.Item) { it.Receipt = nil })}, decide.Refresh, transfer, ""},

		"awaits transfer, changed":       {decide.Facts{Listed: listed(other), Held: item()}, decide.Renew, transfer, ""},
		"transferred, changed":           {decide.Facts{Listed: listed(other), Held: item(transferred)}, decide.Renew, transfer, ""},
		"arrived, changed":               {decide.Facts{Listed: listed(other), Held: item(created)}, decide.Renew, transfer, ""},
		"refused, changed":               {decide.Facts{Listed: listed(other), Held: item(refused(huge))}, decide.Renew, transfer, ""},
		"arrived, changed but not ready": {decide.Facts{Listed: listed(func(it *media.Item) { other(it); unready(it); marked(it) }), Held: item(created)}, decide.Keep, done, "d1"},

		"known by name":                         {decide.Facts{Listed: listed(nil), Named: item(nameless)}, decide.Link, transfer, ""},
		"known by name, in the ledger":          {decide.Facts{Listed: listed(nil), Named: item(nameless), Ledger: entry}, decide.Link, done, "d9"},
		"known by name, refused now":            {decide.Facts{Listed: listed(unready), Named: item(nameless)}, decide.Link, done, ""},
		"known by name, not discovered":         {decide.Facts{Listed: listed(unready), Named: item(nameless, func(it *state.Item) { it.Discovery = state.Pending })}, decide.Link, done, ""},
		"known by name, arrived":                {decide.Facts{Listed: listed(nil), Named: item(created, nameless)}, decide.Link, done, "d1"},
		"known by name, arrived, refused now":   {decide.Facts{Listed: listed(unready), Named: item(created, nameless)}, decide.Link, done, "d1"},
		"known by name, unlisted before":        {decide.Facts{Listed: listed(nil), Named: item(nameless, refused(&media.Refusal{Code: media.RefusedUnlisted}))}, decide.Link, transfer, ""},
		"one name of two media":                 {decide.Facts{Listed: listed(func(it *media.Item) { it.ID.Medium = "m2" }), Named: item(created)}, decide.Split, transfer, ""},
		"one name of two media, one is refused": {decide.Facts{Listed: listed(func(it *media.Item) { it.ID.Medium = "m2"; unready(it) }), Named: item(created)}, decide.Split, done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := decide.Decide(test.facts)
			if d.Action != test.action || d.Item.Awaits() != test.awaits || d.Item.DestinationID != test.id {
				t.Errorf("%s, awaits %q, is %q; want %s, %q, %q", d.Action, d.Item.Awaits(), d.Item.DestinationID, test.action, test.awaits, test.id)
			}
			if (d.Action == decide.Split) != (d.Other != nil) {
				t.Errorf("other: %+v", d.Other)
			}
			if d.Other != nil && (d.Other.Awaits() != state.Transfer || d.Other.DestinationID != "") {
				t.Errorf("the other one is not carried again: %+v", d.Other)
			}
		})
	}
}

// TestAChangedFileIsNewToTheSession looks at what is stored of a file that was
// carried and has changed: nothing of the former bytes.
func TestAChangedFileIsNewToTheSession(t *testing.T) {
	held := item(created, func(it *state.Item) {
		it.CarriedAgain, it.Recorded, it.SameAs, it.Checkpoint = 2, 11, "GX010002.MP4", &station.Checkpoint{Confirmed: 3}
		it.Errors = map[state.Stage]state.ErrorRecord{state.Create: {Class: fault.Item}}
	})
	listed := media.Item{ID: id, Name: "RENAMED.MP4", Size: 9, Version: "v2"}
	want := &state.Item{Item: listed, Seq: 3, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
	want.Name, want.FileName = held.Name, listed.Name
	if diff := cmp.Diff(want, decide.Decide(decide.Facts{Listed: listed, Held: held}).Item); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// drawn draws facts: what a listing says, and an item in any state that a run
// can leave behind.
func drawn(t *rapid.T) decide.Facts {
	versions, revisions := rapid.SampledFrom([]string{"", "v1", "v2"}), rapid.SampledFrom([]string{"", "r1", "r2"})
	refusals := rapid.SampledFrom([]*media.Refusal{nil, nil, busy, huge})
	listed := media.Item{
		ID: id, Name: "GX010001.MP4", LegacyName: "GX010001.MP4",
		Size:    rapid.SampledFrom([]int64{7, 9, media.SizeUnknown}).Draw(t, "size"),
		Version: versions.Draw(t, "listed version"), Revision: revisions.Draw(t, "listed revision"),
		Refusal: refusals.Draw(t, "listed refusal"),
	}
	failed := func(stage state.Stage) func(*state.Item) {
		return func(it *state.Item) {
			it.Errors = map[state.Stage]state.ErrorRecord{stage: {Class: fault.Item, Attempt: 1, At: noon}}
		}
	}
	states := map[string]func(*state.Item){
		"pending": func(it *state.Item) {},
		"begun":   func(it *state.Item) { it.Checkpoint = &station.Checkpoint{Size: 7, Confirmed: 3, Version: "x"} },
		"failed": func(it *state.Item) {
			it.Transfer, it.Create = state.Failed, state.Skipped
			failed(state.Transfer)(it)
		},
		"transferred": transferred,
		"rejected":    func(it *state.Item) { transferred(it); it.Create = state.Failed; failed(state.Create)(it) },
		"created":     created,
		"there":       func(it *state.Item) { created(it); it.AlreadyThere = true },
		"refused":     refused(busy),
		"too large":   refused(huge),
		"carried, then refused": func(it *state.Item) {
			transferred(it)
			refused(busy)(it)
			it.Receipt = nil
		},
	}
	kept := item(func(it *state.Item) {
		it.Version, it.Revision = versions.Draw(t, "version"), revisions.Draw(t, "revision")
		it.CarriedAgain = rapid.IntRange(0, 3).Draw(t, "carried again")
	}, states[rapid.SampledFrom([]string{
		"pending", "begun", "failed", "transferred", "rejected", "created", "there", "refused", "too large", "carried, then refused",
	}).Draw(t, "state")])

	f := decide.Facts{Listed: listed}
	switch rapid.SampledFrom([]string{"new", "held", "named", "shared"}).Draw(t, "known") {
	case "held":
		f.Held = kept
		return f
	case "named": // q2google refuses nothing
		if nameless(kept); kept.Refusal == nil {
			f.Named = kept
		}
	case "shared":
		if decide.Shared(kept, listed) {
			f.Named = kept
			f.Listed.ID.Medium = "m2"
		}
	}
	if f.Listed.Refusal == nil && rapid.Bool().Draw(t, "in the ledger") {
		f.Ledger = &state.LedgerEntry{DestinationID: "d9", SHA256: "cafe", Size: 7, Version: versions.Draw(t, "ledger version"), At: noon}
	}
	return f
}

// clone returns facts that share nothing with f.
func clone(f decide.Facts) decide.Facts {
	f.Listed.Refusal = copied(f.Listed.Refusal)
	f.Held, f.Named, f.Ledger = cloneItem(f.Held), cloneItem(f.Named), copied(f.Ledger)
	return f
}

func cloneItem(it *state.Item) *state.Item {
	if it = copied(it); it == nil {
		return nil
	}
	it.Refusal, it.Checkpoint, it.Receipt = copied(it.Refusal), copied(it.Checkpoint), copied(it.Receipt)
	errors := map[state.Stage]state.ErrorRecord{}
	for stage, e := range it.Errors {
		errors[stage] = e
	}
	if it.Errors != nil {
		it.Errors = errors
	}
	return it
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

func TestFactsAreNeverChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawn(t)
		before := clone(facts)
		decide.Decide(facts)
		if diff := cmp.Diff(before, facts); diff != "" {
			t.Fatalf("(-before +after)\n%s", diff)
		}
	})
}

func arrived(it *state.Item) bool { return it != nil && it.Refusal == nil && it.Awaits() == "" }

func TestDecisionsAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawn(t)
		d := decide.Decide(f)
		it := d.Item
		switch {
		case it.Discovery != state.Completed:
			t.Fatalf("%s: discovery %s", d.Action, it.Discovery)
		case it.Refusal != nil && it.Create != state.Skipped, it.Refusal == nil && it.Create == state.Skipped && it.Transfer != state.Failed:
			t.Fatalf("%s: refusal %v, create %s", d.Action, it.Refusal, it.Create)
		case arrived(it) && it.DestinationID == "":
			t.Fatalf("%s: arrived, but nowhere", d.Action)
		case it.Awaits() == state.Transfer && (it.Receipt != nil || it.Carried != 0 || it.DestinationID != ""):
			t.Fatalf("%s: awaits transfer, but was carried: %+v", d.Action, it)
		case it.Awaits() == state.Create && it.Receipt == nil:
			t.Fatalf("%s: awaits registering without a receipt", d.Action)
		case d.Before != nil && it.Name != d.Before.Name:
			t.Fatalf("%s: the name changed", d.Action)
		}
		if known := f.Held; f.Listed.Refusal != nil && it.Awaits() == state.Transfer && (known == nil || known.Awaits() != state.Transfer) {
			t.Fatalf("%s: refused, yet it awaits its transfer", d.Action)
		}
		for _, known := range []*state.Item{f.Held, f.Named} {
			if arrived(known) && d.Action != decide.Renew && d.Action != decide.Split &&
				(!arrived(it) || it.DestinationID != known.DestinationID) {
				t.Fatalf("%s: an item that had arrived is lost", d.Action)
			}
		}
	})
}

// TestDecidingTwiceChangesNothing stores what was decided and lists the same once
// more.
func TestDecidingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawn(t)
		first := decide.Decide(f)
		again := decide.Decide(decide.Facts{Listed: f.Listed, Held: first.Item})
		if again.Action == decide.Mark {
			if again.Item.Awaits() != "" {
				t.Fatalf("%s, then marked on its way", first.Action)
			}
			again = decide.Decide(decide.Facts{Listed: f.Listed, Held: again.Item})
		}
		if again.Action != decide.Keep {
			t.Fatalf("%s, then %s", first.Action, again.Action)
		}
	})
}

// TestVersions: a changed file is carried again once, the same one never, and an
// unknown version says nothing.
func TestVersions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawn(t)
		was := f.Held
		switch {
		case was != nil:
		case f.Ledger != nil && f.Named == nil:
			was = item(created, func(it *state.Item) { it.Version = f.Ledger.Version })
		default:
			return
		}
		changed := was.Version != "" && f.Listed.Version != "" && was.Version != f.Listed.Version
		it := decide.Decide(f).Item
		switch {
		case !arrived(was):
		case changed && f.Listed.Refusal == nil && it.Awaits() != state.Transfer:
			t.Fatalf("the file changed and is not carried again: %+v", it)
		case !changed && it.Awaits() != "":
			t.Fatalf("the file is the same and carried again: %+v", it)
		}
		if changed && f.Listed.Refusal == nil && it.Version != f.Listed.Version {
			t.Fatalf("version %q is stored of %q", it.Version, f.Listed.Version)
		}
	})
}
