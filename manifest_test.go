package gondola_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func TestManifest(t *testing.T) {
	at := time.Date(2026, 1, 8, 9, 0, 0, 5, time.UTC)
	item := gondola.VerifiedItem{
		Item: state.Item{
			Item:          media.Item{ID: media.ID{Station: "gopro", Medium: "k7", Part: 2, Label: "source"}, Name: `a "b", c.MP4`, Size: -1, CapturedAt: at},
			DestinationID: "id-1", SHA256: "ab", Carried: 7, CarriedAt: at.Add(1), RegisteredAt: at.Add(2),
		},
		Verdict: gondola.VerdictVerified, At: at.Add(3),
	}
	missing := item
	missing.Verdict, missing.Reason = gondola.VerdictMissing, "not <there>"
	write := func(format gondola.ManifestFormat) string {
		var out bytes.Buffer
		m, err := gondola.NewManifest(&out, format)
		for _, it := range []gondola.VerifiedItem{item, missing} {
			err = errors.Join(err, m.Write(it.ManifestEntry()))
		}
		if err := errors.Join(err, m.Flush()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	lines := strings.Split(strings.TrimSpace(write(gondola.JSONLines)), "\n")
	want := `{"key":"gopro/k7/2/source","medium":"k7","part":2,"label":"source","name":"a \"b\", c.MP4","size":7,"sha256":"ab",` +
		`"destination_id":"id-1","status":"verified","captured_at":"2026-01-08T09:00:00.000000005Z","carried_at":"2026-01-08T09:00:00.000000006Z",` +
		`"registered_at":"2026-01-08T09:00:00.000000007Z","verified_at":"2026-01-08T09:00:00.000000008Z"}`
	if len(lines) != 2 || lines[0] != want {
		t.Errorf("JSON lines: %q\nwant %s", lines, want)
	}
	if !strings.Contains(lines[1], `"reason":"not <there>"`) || strings.Contains(lines[1], "verified_at") {
		t.Errorf("a missing item: %s", lines[1])
	}
	rows, err := csv.NewReader(strings.NewReader(write(gondola.CSV))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("CSV: %q, %v", rows, err)
	}
	for i, line := range lines {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		for column, name := range rows[0] {
			want := ""
			if v, ok := fields[name]; ok {
				want = fmt.Sprint(v)
			}
			if rows[i+1][column] != want {
				t.Errorf("row %d: %s is %q in CSV, %q in JSON", i, name, rows[i+1][column], want)
			}
		}
	}
}

// TestManifestInASpreadsheet: every text is one cell, and none is computed.
func TestManifestInASpreadsheet(t *testing.T) {
	for name, want := range map[string]string{
		`=HYPERLINK("http://a.example","b").MP4`: `'=HYPERLINK("http://a.example","b").MP4`,
		"+1.MP4":                                 "'+1.MP4",
		"-1.MP4":                                 "'-1.MP4",
		"@SUM(A1).MP4":                           "'@SUM(A1).MP4",
		"\tx.MP4":                                "'\tx.MP4",
		"a,b;\"c\"\nd.MP4":                       "a,b;\"c\"\nd.MP4",
		"Été 日本語 🏔.JPG":                          "Été 日本語 🏔.JPG",
		"a=b.MP4":                                "a=b.MP4",
	} {
		var out bytes.Buffer
		m, err := gondola.NewManifest(&out, gondola.CSV)
		err = errors.Join(err, m.Write(gondola.ManifestEntry{Name: name, Reason: name}), m.Flush())
		rows, readErr := csv.NewReader(&out).ReadAll()
		if err = errors.Join(err, readErr); err != nil || len(rows) != 2 || rows[1][4] != want || rows[1][9] != want {
			t.Errorf("%q: %q, %v", name, rows, err)
		}
	}
}

// TestManifestSteersNoTerminal: ids and reasons come from services.
func TestManifestSteersNoTerminal(t *testing.T) {
	const hostile = "a\x1b]0;t\x07\u009b31m\u202eb"
	entry := gondola.ManifestEntry{
		Key: hostile, Medium: hostile, Label: hostile, Name: hostile, SHA256: hostile,
		DestinationID: hostile, Status: hostile, Reason: hostile,
	}
	for _, format := range []gondola.ManifestFormat{gondola.JSONLines, gondola.CSV} {
		var out bytes.Buffer
		m, err := gondola.NewManifest(&out, format)
		if err := errors.Join(err, m.Write(entry), m.Flush()); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\u009b\u202e") {
			t.Errorf("%s: %q", format, out.String())
		}
		var back gondola.ManifestEntry
		if format == gondola.JSONLines && (json.Unmarshal(out.Bytes(), &back) != nil || back.Medium != hostile) {
			t.Errorf("read back: %q", back.Medium)
		}
	}
}
