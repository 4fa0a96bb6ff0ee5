package media

import (
	"strings"
	"testing"
)

func TestAlbumTitle(t *testing.T) {
	for text, want := range map[string]string{
		"Holidays":                           "Holidays",
		" \tHolidays 2026\u00a0 ":            "Holidays 2026",
		"Cafe\u0301":                         "Café",
		strings.Repeat("é", 500):             strings.Repeat("é", 500),
		strings.Repeat("e\u0301", 500) + " ": strings.Repeat("é", 500),
	} {
		if got, err := AlbumTitle(text); got != want || err != nil {
			t.Errorf("AlbumTitle(%.20q) = %.20q, %v, want %.20q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                       "blank",
		" \u2003\n":              "blank",
		strings.Repeat("é", 501): "at most 500 characters; this one has 501",
		"Caf\xe9":                "UTF-8",
		"a\x00b":                 "control",
		"a\nb":                   "control",
	} {
		if got, err := AlbumTitle(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("AlbumTitle(%.20q) = %q, %v, want an error with %q", text, got, err, want)
		}
	}
}
