package app

import (
	"strings"
	"testing"
)

func TestParseURI(t *testing.T) {
	for text, want := range map[string]URI{
		"gopro:":                      {Scheme: "gopro"},
		"gopro@anna:":                 {Scheme: "gopro", Profile: "anna"},
		"gphotos@fam-2_x:":            {Scheme: "gphotos", Profile: "fam-2_x"},
		"gphotos:album/A title":       {Scheme: "gphotos", Path: "album/A title"},
		"gphotos@family:album/a@b:c":  {Scheme: "gphotos", Profile: "family", Path: "album/a@b:c"},
		"folder:/srv/photos@home:x/y": {Scheme: "folder", Path: "/srv/photos@home:x/y"},
	} {
		got, err := ParseURI(text)
		if err != nil || got != want {
			t.Errorf("ParseURI(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("ParseURI(%q).String() = %q", text, got)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	const allowed = "lower-case letters, digits, - and _"
	for text, want := range map[string]string{
		"":                                       "form",
		"gopro":                                  "form",
		":":                                      "form",
		"gopro@:":                                allowed,
		"gopro@Anna:":                            allowed,
		"gopro@a/b:":                             allowed,
		"gopro@..:":                              allowed,
		"gopro@aB:":                              allowed,
		"gopro@a.b:":                             allowed,
		"gopro@a b:":                             allowed,
		"gopro@a@b:":                             allowed,
		"gopro@-a:":                              allowed,
		"gopro@ä:":                               allowed,
		"gopro@" + strings.Repeat("a", 33) + ":": allowed,
		"gopro@default:":                         "reserved",
	} {
		if got, err := ParseURI(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseURI(%q) = %+v, %v; want an error with %q", text, got, err, want)
		}
	}
}
