package folder

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// nameOfClash is a name with a mark.
var nameOfClash = regexp.MustCompile(` \([a-z2-9]{6}\)\.[A-Za-z0-9]+$`)

func TestLayout(t *testing.T) {
	item := media.Item{
		ID: media.ID{Station: "gopro", Medium: "k7/Qp", Part: 1}, Name: "GX 1.MP4", FileName: "GX.MP4", Kind: media.Video, Camera: "HERO12 Black",
		Albums: []media.Album{{Title: "Sea / Sun"}}, CapturedAt: day,
	}
	bare := media.Item{ID: item.ID, Name: "noext"}
	for template, want := range map[string][2]string{
		DefaultLayout: {"2026/01/GX.MP4", "noext"},
		"{camera}/{year}-{month}-{day}/{stem}.{ext}": {"HERO12 Black/2026-01-08/GX.MP4", "noext"},
		"{kind}s/{album}/{medium}.{ext}":             {"videos/Sea _ Sun/k7_Qp.MP4", "noext"},
		"{{{name}":                                   {"{GX.MP4", "{noext"},
		"a}b/{name}":                                 {"a}b/GX.MP4", "a}b/noext"},
		".gondola/{name}":                            {"unnamed.gondola/GX.MP4", "unnamed.gondola/noext"},
		"CON/{year}/{name}":                          {"_CON/2026/GX.MP4", "_CON/noext"},
	} {
		layout, err := ParseLayout(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		if got := [2]string{layout.Path(item, time.UTC), layout.Path(bare, time.UTC)}; got != want {
			t.Errorf("%s: %q, want %q", template, got, want)
		}
		if layout.String() != template {
			t.Errorf("String = %q", layout)
		}
	}
	for template, want := range map[string]string{
		"":               "relative path",
		"/{name}":        "relative path",
		"../{name}":      "relative path",
		"{year}//{name}": "relative path",
		"{yaer}/{name}":  "no field {yaer}",
		"{name":          "not closed",
		"{year}/{month}": "needs one of {name}, {stem}, {medium}",
	} {
		if _, err := ParseLayout(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLayout(%q) = %v, want an error with %q", template, err, want)
		}
	}
}
