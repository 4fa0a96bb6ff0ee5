package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// TestOtherSizeThanRecorded: a file that is shorter or longer than its record
// says, and one whose record says nothing, are carried; of the former two the
// summary, the manifest and the verification say so, also in a later run.
func TestOtherSizeThanRecorded(t *testing.T) {
	library := append(append(emulator.Large(300_000), emulator.Large(400_000)...), emulator.Large(500_000)...)
	for i := range library {
		library[i].ID = fmt.Sprintf("medium%07d", i)
		name := fmt.Sprintf("GX01%04d.MP4", i)
		library[i].Filename = &name
		library[i].Sources[0].Name = name
	}
	library[0].FileSize = json.RawMessage(`350000`)
	library[1].FileSize = json.RawMessage(`399000`)
	library[2].FileSize = json.RawMessage(`null`)
	l := newLine(t, emulator.Options{Library: library, Google: emulator.GoogleOptions{ProcessingTime: -1}})
	remarks := []string{
		fmt.Sprintf("it has %d bytes, 50000 fewer than the source's record says", 300_000),
		fmt.Sprintf("it has %d bytes, 1000 more than the source's record says", 400_000),
	}
	r := l.Want(0, "sync", "--json")
	l.WantArrived()
	for _, remark := range remarks {
		if !strings.Contains(r.Stdout, `"remark":"`+remark) {
			t.Errorf("no item of the run says %q:\n%s", remark, r.Stdout)
		}
	}
	if !strings.Contains(r.Stdout, `"remarks":2`) {
		t.Errorf("the summary does not count the remarks:\n%s", r.Stdout)
	}
	l.Cloud.Clock.Advance(time.Hour)
	said := l.Want(0, "verify", everything, "--manifest", "m.jsonl")
	manifest, err := os.ReadFile(filepath.Join(l.Home, "m.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	shown := l.Want(0, "sessions", "show", everything, "--json")
	for what, text := range map[string]string{"the verification": said.Stdout + said.Stderr, "the manifest": string(manifest), "the session": shown.Stdout} {
		for _, remark := range remarks {
			if !strings.Contains(text, remark) {
				t.Errorf("%s does not say %q:\n%s", what, remark, text)
			}
		}
		if n := strings.Count(text, "record says"); n != len(remarks) {
			t.Errorf("%s says so of %d items, want %d", what, n, len(remarks))
		}
	}
}

// TestSummaryNamesRemarks is about the text for people.
func TestSummaryNamesRemarks(t *testing.T) {
	library := emulator.Large(300_000)
	library[0].FileSize = json.RawMessage(`350000`)
	l := newLine(t, emulator.Options{Library: library})
	r := l.Want(0, "sync")
	if text := r.Stdout + r.Stderr; !strings.Contains(text, "Remarks (1)\n") || !strings.Contains(text, "50000 fewer than the source's record says") {
		t.Errorf("the summary does not name the remark:\n%s", text)
	}
}
