package media

import (
	"strings"
	"testing"
	"time"
)

func TestTemplate(t *testing.T) {
	item := Item{
		ID: ID{Station: "gopro", Medium: "k7", Part: 1}, Name: "GX 1.MP4", FileName: "GX.MP4", Kind: Video, Camera: "HERO12",
		Albums: []Album{{Title: "Sea / Sun"}, {Title: "second"}}, Dir: "2025/day 1", CapturedAt: time.Date(2026, 1, 1, 1, 30, 0, 0, time.UTC),
	}
	bare := Item{ID: item.ID, Name: "noext"}
	fields := append(Fields(), FolderField)
	for text, want := range map[string][2]string{
		"Holidays":           {"Holidays", "Holidays"},
		"{year}-{month}":     {"2025-12", ""},
		"{day}.":             {"31.", ""},
		"{camera}":           {"HERO12", ""},
		"in {folder}":        {"in 2025 / day 1", ""},
		"{album}":            {"Sea / Sun", ""},
		"{kind} {medium}":    {"video k7", ""},
		"{stem}|{name}|":     {"GX|GX.MP4|", "noext|noext|"},
		"{{{ext}}":           {"{MP4}", ""},
		"a{{b":               {"a{b", "a{b"},
		"{year} of {folder}": {"2025 of 2025 / day 1", ""},
	} {
		template, err := ParseTemplate(text, fields)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		zone := time.FixedZone("-03:00", -3*60*60)
		got, ok := template.Fill(&item, zone)
		none, okNone := template.Fill(&bare, zone)
		if got != want[0] || !ok || none != want[1] || okNone != (want[1] != "") || template.String() != text {
			t.Errorf("%s: %q, %q, want %q", text, got, none, want)
		}
	}
	for text, want := range map[string]string{"{yaer}": "no field {yaer}; the fields are {year} ", "{year": "not closed", "a{": "not closed", "{folder}": "no field {folder}"} {
		if _, err := ParseTemplate(text, Fields()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if template, _ := ParseTemplate("{{album} {year}", fields); template.Has("album") || !template.Has("album", "year") {
		t.Error("a brace is taken for a field")
	}
}

func TestDirTitle(t *testing.T) {
	for dir, want := range map[string]string{"": "", ".": "", "a": "a", "a/b c/d": "a / b c / d"} {
		if got := DirTitle(dir); got != want {
			t.Errorf("%q: %q, want %q", dir, got, want)
		}
	}
}
