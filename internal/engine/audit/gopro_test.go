package audit_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/media"
)

// TestGoProListing audits a library of the GoPro cloud whose listing comes short
// once, comes short for ever, and is counted too high for ever.
func TestGoProListing(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  emulator.Fault
		ghosts int
		code   string
		notice string
	}{
		"short once":       {fault: emulator.Fault{Kind: emulator.FaultShortPage}},
		"short for ever":   {fault: emulator.Fault{Kind: emulator.FaultShortPage, Times: -1}, code: fault.ListingIncomplete},
		"counted too high": {ghosts: 2, notice: "GoPro counts 42 media and lists 40"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := emulator.New(emulator.Options{Library: emulator.Many(40, 1), GoPro: emulator.GoProOptions{Overcount: tc.ghosts}})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				client, err := gopro.NewClient(gopro.Options{HTTP: e.Client(), Token: e.GoPro.Token()})
				if err != nil {
					t.Fatal(err)
				}
				src, err := gopro.NewSource(client, gopro.SourceOptions{})
				if err != nil {
					t.Fatal(err)
				}
				r, to := newRig(t), google()
				r.session("s", "gopro:"+e.GoPro.User(), to)
				for item, err := range src.List(t.Context(), media.Window{}) {
					r.must(err)
					r.carried("s", item)
				}
				if tc.fault.Kind != "" {
					tc.fault.Route = "gopro.search"
					e.Faults.Add(tc.fault)
				}
				result, found, err := r.audit(src, nil)
				if fault.CodeOf(err) != tc.code || result.Listed != (tc.code == "") || (result.Safe == 40) != result.Listed || len(found) > 0 {
					t.Errorf("%+v, %v, %v", result, found, err)
				}
				if said := strings.Join(r.notices, "\n"); !strings.HasPrefix(said, tc.notice) || tc.notice == "" && said != "" {
					t.Errorf("notices %q", said)
				}
			})
		})
	}
}
