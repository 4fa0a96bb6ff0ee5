package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// reading is a source whose files cost little to read.
type reading struct {
	source
	digests int
}

func (s *reading) Digest(_ context.Context, item media.Item) (string, error) {
	s.digests++
	return shaOf(item), nil
}
func (*reading) Has(context.Context, media.ID) bool { return false }

// A file that was renamed since it was carried is recognised by its bytes. It is
// read only if something of its size was carried.
func TestRenamedFileIsRecognised(t *testing.T) {
	for place, to := range map[string]station.Destination{"by the ledger": google(), "by a record of its own": disk()} {
		t.Run(place, func(t *testing.T) {
			r := newRig(t)
			r.session("s", "gopro:me", to)
			account, err := to.Account(t.Context())
			r.must(err)
			was := film(1)
			switch to := to.(type) {
			case *shelf:
				was.ID.Medium = "its former name"
				to.record[was.LedgerKey()] = station.Recalled{Key: was.LedgerKey(), ID: "id", SHA256: shaOf(film(1)), Size: was.Size, Session: "s"}
			default:
				it := &state.Item{Item: was, DestinationID: "id", Carried: was.Size, SHA256: shaOf(was)}
				entries := lifecycle.BytesEntries(it)
				for i := range entries {
					entries[i].Account, entries[i].Session = account, "s"
				}
				r.must(r.backend.Record(t.Context(), entries...))
			}
			src := &reading{source: source{items: slices.Values(films(5))}}
			result, found := r.mustAudit(src, nil)
			if result.Safe != 1 || found[film(1).Name].Status == audit.AtRisk || src.digests != 1 {
				t.Errorf("%+v, %d files read", result, src.digests)
			}
		})
	}
}

// The bytes of what an earlier version carried from elsewhere are not on record: the
// audit says so, and nothing of what a session of this version carried.
func TestBytesThatWereNotRecorded(t *testing.T) {
	for name, tc := range map[string]struct {
		sha      string // of the item that was carried
		recorded bool
		reason   string
		notice   string
	}{
		"an earlier version":       {"a", false, "gphotos: session s may have carried it: its bytes are not on record", "`gondola verify s` records them"},
		"a program without sums":   {"", false, "gphotos: session s may have carried it: its bytes are not on record", "kept no SHA-256"},
		"this version, other file": {"a", true, "no session has carried it", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, to := newRig(t), google()
			r.session("s", "gopro:someone", to)
			it := &state.Item{Item: film(9), Discovery: state.Completed, Transfer: state.Completed, Carried: 9, SHA256: tc.sha}
			lifecycle.Created(it, "id")
			r.must(r.backend.PutItems(t.Context(), "s", it))
			for _, entry := range lifecycle.LedgerEntries(it) {
				entry.Account, entry.Session = to.account, "s"
				if tc.recorded || entry.Key == it.LedgerKey() {
					r.must(r.backend.Record(t.Context(), entry))
				}
			}
			src := &reading{source: source{origin: "folder:card", items: slices.Values(films(3))}}
			result, found := r.mustAudit(src, nil)
			if result.AtRisk != 3 || found[film(1).Name].Reason != tc.reason {
				t.Errorf("%+v, %q", result, found[film(1).Name].Reason)
			}
			said := strings.Join(r.notices, "\n")
			if !strings.Contains(said, tc.notice) || (said == "") != (tc.notice == "") || len(r.notices) > 1 {
				t.Errorf("notices %q", r.notices)
			}
		})
	}
}

// What the source holds does not vouch for the source, by whatever name it is
// opened.
func TestSourceDoesNotVouchForItself(t *testing.T) {
	r, same, nested := newRig(t), disk(), disk()
	nested.name, nested.account = "folder:/disk/below", "folder:2"
	for id, to := range map[string]*shelf{"same": same, "nested": nested} {
		r.session(id, "gopro:me", to)
		to.put(id, films(2)...)
	}
	r.places[nested.name] = nil // as a command leaves out what overlaps the source
	src := &reading{source: source{items: slices.Values(films(2)), origin: same.account}}
	if result, _ := r.mustAudit(src, nil); result.AtRisk != 2 || len(result.Places) != 0 {
		t.Errorf("%+v", result)
	}
}
