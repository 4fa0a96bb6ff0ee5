package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/vbauerster/mpb/v8/decor"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// hostile is what a text from outside does to a terminal: it sets the title,
// clears the screen (by C1 as well), turns the reading direction, and forges a
// line and a cell.
const hostile = "x\x1b]0;title\x07\x1b[2J\u009b2J\u0085\u202egpj\u2066\u200f\u061c\u2028\x7f\rforged\nforged\tforged"

// unsafeIn returns the characters of text that could steer a terminal.
func unsafeIn(text string) (found []rune) {
	for _, r := range text {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			found = append(found, r)
		}
	}
	return found
}

// hostileLibrary has a medium for each text that the cloud reports.
func hostileLibrary() emulator.Library {
	library := emulator.Many(8, 1)
	name := hostile + ".MP4"
	library[0].Type = hostile
	library[1].State = hostile
	library[2].Filename = &name
	library[3].Extension = hostile
	library[4].Title, library[4].MCEType = hostile, hostile
	library[5].Camera = hostile
	library[6].Zone, library[6].Composition = hostile, hostile
	library[7].Sidecars = []emulator.Rendition{{Label: hostile, Type: hostile, Object: emulator.Object{Name: hostile, Content: library[7].Sources[0].Content}}}
	return library
}

// hostileSession fills each text of a stored session and its items.
func hostileSession(t *testing.T, path string) {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := state.NewSession("s"+hostile, media.Window{}, noon)
	s.From, s.To, s.Album, s.AlbumID = defaultFrom, defaultTo, hostile, hostile
	s.Filter.Types = []string{hostile}
	failed, skipped, there := testItem(), refused(), testItem()
	failed.ID.Medium, failed.ID.Label, failed.Name, failed.LegacyName = hostile, hostile, "failed"+hostile, hostile
	failed.Type, failed.MIME, failed.Camera, failed.CapturedZone = hostile, hostile, hostile, hostile
	failed.Discovery, failed.Transfer = state.Completed, state.Failed
	failed.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: hostile, Message: hostile, At: noon}}
	skipped.ID.Part, skipped.Name = 2, "skipped"+hostile
	skipped.Refusal = &media.Refusal{Code: hostile, Reason: hostile}
	there.ID.Part, there.Name, there.DestinationID, there.SHA256 = 3, "there"+hostile, hostile, hostile
	there.Transfer, there.Create = state.Completed, state.Completed
	err = errors.Join(b.PutSession(t.Context(), s), b.PutItems(t.Context(), s.ID, &failed, &skipped, &there),
		b.Append(t.Context(), s.ID, state.JournalEntry{
			Key: there.ID.Key(), Name: hostile, Stage: hostile, Status: hostile, At: noon, Code: hostile, Message: hostile,
		}), b.Close())
	if err != nil {
		t.Fatal(err)
	}
}

// hostileGoogle makes Google Photos answer with such texts.
func hostileGoogle(p *patient) {
	text := strings.Trim(fmt.Sprintf("%+q", hostile), `"`)
	text = strings.NewReplacer(`\x1b`, `\u001b`, `\a`, `\u0007`, `\x7f`, `\u007f`).Replace(text)
	item := `{"id":"` + text + `","filename":"` + text + `.jpg","mimeType":"image/` + text + `","mediaMetadata":{"photo":{"cameraModel":"` + text + `"}}}`
	p.cloud.Faults.Add(emulator.Fault{Route: "photos.list", Times: -1, Kind: emulator.FaultStatus, Status: 200, ContentType: "application/json",
		Body: `{"mediaItems":[` + item + `]}`})
	p.cloud.Faults.Add(emulator.Fault{Route: "photos.batchGet", Times: -1, Kind: emulator.FaultStatus, Status: 200, ContentType: "application/json",
		Body: `{"mediaItemResults":[{"status":{"code":5,"message":"` + text + `"}}]}`})
	p.cloud.Faults.Add(emulator.Fault{Route: "photos.batchCreate", Times: 1, Kind: emulator.FaultStatus, Status: 400, ContentType: "application/json",
		Body: `{"error":{"code":400,"message":"` + text + `","status":"` + text + `"}}`})
}

// TestOutputSteersNoTerminal shows hostile texts in each field by each command in
// each format, and looks at all that is written.
func TestOutputSteersNoTerminal(t *testing.T) {
	p := newPatientWith(t, hostileLibrary())
	hostileSession(t, filepath.Join(p.home, "hostile.db"))
	hostileGoogle(p)
	stored, session := "sqlite:"+filepath.Join(p.home, "hostile.db"), "s"+hostile
	commands := [][]string{
		{"ls", "gopro:"}, {"ls", "gphotos:"}, {"sync", "--dry-run"}, {"sync", "-v"},
		{"sessions", "show", "gopro-gphotos-everything"}, {"verify", "gopro-gphotos-everything"},
		{"status", "--state", stored}, {"sessions", "list", "--state", stored}, {"status", session, "--state", stored},
		{"status", session, "--state", stored, "--item", "failed" + hostile}, {"status", session, "--state", stored, "--item", hostile},
		{"sessions", "show", session, "--state", stored}, {"verify", session, "-v", "--state", stored},
		{"verify", session, "--state", stored, "--manifest", "carried.jsonl"}, {"verify", session, "--state", stored, "--manifest", "carried.csv"},
		{"sessions", "copy", stored, "sqlite:copy.db"}, {"sessions", "rm", session, "--state", "sqlite:copy.db", "--yes"},
		{hostile}, {"ls", hostile}, {"status", hostile}, {"sync", "--album", hostile, "--dry-run", "--type", hostile},
		{"doctor", "--state", "sqlite:" + hostile}, {"login", "status", "--token", hostile},
	}
	shown := make([]bool, len(commands))
	for _, output := range []string{"text", "json", "tsv"} {
		for _, log := range []string{"text", "json"} {
			for i, command := range commands {
				args := append([]string{"--output", output, "--log-format", log, "--log-level", "debug"}, command...)
				var out, errs bytes.Buffer
				p.run(&out, &errs, args)
				for where, text := range map[string]string{"standard output": out.String(), "standard error": errs.String()} {
					if found := unsafeIn(text); len(found) > 0 {
						t.Errorf("gondola %q: %U in %s:\n%q", args, found, where, text)
					}
				}
				if output != "json" && strings.Contains(out.String(), "\tforged") {
					t.Errorf("gondola %q forges a cell:\n%s", args, out.String())
				}
				shown[i] = shown[i] || strings.Contains(out.String()+errs.String(), "title")
			}
		}
	}
	for i, command := range commands {
		if !shown[i] {
			t.Errorf("gondola %q shows no text from outside: it tests nothing", command)
		}
	}
	for _, name := range []string{"carried.jsonl", "carried.csv"} {
		data, err := os.ReadFile(filepath.Join(p.home, name))
		if found := unsafeIn(string(data)); err != nil || len(data) == 0 || len(found) > 0 {
			t.Errorf("%s: %U, %v:\n%q", name, found, err, data)
		}
	}
}

// TestLiveDisplaySteersNoTerminal: what the display itself writes is all there is
// in the way of escape sequences.
func TestLiveDisplaySteersNoTerminal(t *testing.T) {
	l := &live{redact: func(s string) string { return s }}
	l.p.InFlight = append(l.p.InFlight, progress.Transfer{Name: hostile, Size: 1})
	l.p.Waits = []progress.Wait{{Reason: hostile, Until: time.Now().Add(time.Hour)}}
	var out bytes.Buffer
	if err := l.below(&out, decor.Statistics{AvailableWidth: 200}); err != nil {
		t.Fatal(err)
	}
	if found := unsafeIn(out.String()); len(found) > 0 || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%U in %q", found, out.String())
	}
}
