package audit_test

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// relister is a source that leaves out media that are known.
type relister struct {
	source
	listed int
}

func (s *relister) Relist(_ context.Context, o station.ListOptions) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		var last string
		var leave bool
		for item := range s.items {
			if item.ID.Medium != last {
				last, leave = item.ID.Medium, o.Known != nil && o.Known(item.ID.Medium, item.Revision)
			}
			if leave {
				continue
			}
			s.listed++
			if !yield(item, nil) {
				return
			}
		}
		if s.err != nil {
			yield(media.Item{}, s.err)
		}
	}
}

// marked returns media of so many parts each, with the source's mark.
func marked(media, parts int, revision string) (items []media.Item) {
	for n := range media {
		for part := range parts {
			item := film(n)
			item.ID.Part, item.Of, item.Revision = part+1, parts, revision
			item.Name = strconv.Itoa(part) + item.Name
			items = append(items, item)
		}
	}
	return items
}

// prove says that a session was listed to a proven end.
func (r *rig) prove(id string) {
	r.t.Helper()
	h, err := r.backend.Session(r.t.Context(), id)
	r.must(err)
	h.ProvenAt, h.Window = time.Now().UTC(), &media.Window{}
	r.must(r.backend.PutSession(r.t.Context(), h))
}

// Media that a session holds as they are listed now are not listed anew.
func TestKnownMediaAreNotListedAnew(t *testing.T) {
	all := marked(1100, 2, "r1")
	for name, tc := range map[string]struct {
		held    []media.Item // by the session
		proven  bool
		listed  int
		media   int
		safe    int
		sources []media.Item
	}{
		"all known":             {held: all, proven: true, sources: all, media: 1100, safe: 2200},
		"not proven":            {held: all, sources: all, listed: 2200, media: 1100, safe: 2200},
		"changed":               {held: all, proven: true, sources: marked(1100, 2, "r2"), listed: 2200, media: 1100, safe: 2200},
		"new ones":              {held: all[:2000], proven: true, sources: all, listed: 200, media: 1100, safe: 2000},
		"one part only":         {held: all[:2199], proven: true, sources: all, listed: 2, media: 1100, safe: 2199},
		"gone at the source":    {held: all, proven: true, sources: all[:20], media: 10, safe: 20},
		"nothing at the source": {held: all, proven: true},
	} {
		t.Run(name, func(t *testing.T) {
			r, to := newRig(t), google()
			r.session("s", "gopro:me", to)
			r.carried("s", tc.held...)
			if tc.proven {
				r.prove("s")
			}
			src := &relister{source: source{items: slices.Values(tc.sources)}}
			result, _ := r.mustAudit(src, nil)
			if src.listed != tc.listed || result.Media != tc.media || result.Safe != tc.safe || result.Items != len(tc.sources) {
				t.Errorf("listed %d, %+v", src.listed, result)
			}
		})
	}
}

// What a session was refused by its destination is not refused by the source.
func TestKnownItemIsRefusedByItsDestinationAlone(t *testing.T) {
	r, to, box := newRig(t), google(), disk()
	r.session("s", "gopro:me", to)
	r.session("f", "gopro:me", box)
	it := &state.Item{Item: marked(1, 1, "r")[0], Discovery: state.Completed, Transfer: state.Pending, Create: state.Skipped}
	listed := it.Item
	it.Refusal = &media.Refusal{Code: media.RefusedType, Reason: "no .360 files"}
	r.must(r.backend.PutItems(t.Context(), "s", it))
	r.prove("s")
	src := &relister{source: source{items: slices.Values([]media.Item{listed})}}
	result, found := r.mustAudit(src, nil)
	if result.AtRisk != 1 || result.Refused != 0 || src.listed != 0 || found[listed.Name].Reason != "gphotos: no .360 files" {
		t.Errorf("%+v, %+v", result, found)
	}
}

// Whatever a session holds, an audit by it says what one that lists everything says.
func TestKnownMediaChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, to := newRig(t), google()
		r.session("s", "gopro:me", to)
		var lists, carried []media.Item
		var stored []*state.Item
		for _, item := range marked(6, 2, "r1") {
			switch rapid.IntRange(0, 3).Draw(rt, "state") {
			case 0:
				carried = append(carried, item)
			case 1:
				it := &state.Item{Item: item, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending}
				stored = append(stored, it)
			case 2:
				it := &state.Item{Item: item, Discovery: state.Completed, Transfer: state.Failed, Create: state.Skipped}
				stored = append(stored, it)
			}
			lists = append(lists, item)
		}
		changed := rapid.IntRange(0, 5).Draw(rt, "changed")
		for i := range lists {
			if lists[i].ID.Medium == film(changed).ID.Medium {
				lists[i].Revision = "r2"
			}
		}
		r.carried("s", carried...)
		if len(stored) > 0 {
			r.must(r.backend.PutItems(t.Context(), "s", stored...))
		}
		r.prove("s")
		plain, whole := r.mustAudit(&source{items: slices.Values(lists)}, nil)
		known, some := r.mustAudit(&relister{source: source{items: slices.Values(lists)}}, nil)
		if diff := cmp.Diff(statuses(whole), statuses(some)); diff != "" || plain.Media != known.Media || plain.Safe != known.Safe {
			rt.Fatalf("%+v, %+v\n%s", plain, known, diff)
		}
	})
}

func statuses(items map[string]audit.Item) map[string]audit.Status {
	all := map[string]audit.Status{}
	for name, it := range items {
		all[name+it.Reason] = it.Status
	}
	return all
}
