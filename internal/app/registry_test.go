package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

type flagless struct{}

func (flagless) AddFlags(*cobra.Command) {}

type from struct{ flagless }

func (from) Source(context.Context, *Env, URI, SourceOptions) (station.Source, error) {
	return nil, nil
}

type to struct{ flagless }

func (to) Destination(context.Context, *Env, URI, DestinationOptions) (*OpenDestination, error) {
	return nil, nil
}
func (to) Refuse(media.Item) *media.Refusal { return nil }

type both struct {
	from
	to
}

func (both) AddFlags(*cobra.Command) {}

var kinds = Registry{
	{Scheme: "camera", About: "the camera cloud", Keys: []string{"token-file"}, Login: "cam", New: func() Opener { return from{} }},
	{Scheme: "photos", About: "the photo library", Keys: []string{"token-file"}, New: func() Opener { return to{} }},
	{Scheme: "disk", About: "a disk", New: func() Opener { return both{} }},
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"camera:":        "",
		"camera@anna:":   "",
		"disk@anna:":     `"disk@anna:": a disk has no profiles`,
		"camera:album/x": "a part of a station is not supported yet: write camera:",
		"camera@A:":      "lower-case letters",
		"camra:":         `"camra:" is not a station; this version knows camera:, photos:, disk:; did you mean camera:?`,
		"camera":         "did you mean camera:?",
		"/srv/photos":    `"/srv/photos" is not a station`,
	} {
		uri, err := kinds.Parse(text)
		if want == "" {
			if err != nil || uri.String() != text {
				t.Errorf("Parse(%q) = %v, %v", text, uri, err)
			}
			continue
		}
		if _, ok := errors.AsType[*config.UsageError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want a usage error with %q", text, err, want)
		}
	}
}

// withPaths are the kinds of a program that knows directories.
var withPaths = Registry{kinds[0], {Scheme: "tree", About: "a directory", Paths: true, New: func() Opener { return both{} }}}

func TestParsePath(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/home/anna")
	for text, want := range map[string]string{
		"/srv/photos":      "/srv/photos",
		"/srv/a@b:c/..":    "/srv",
		"./x":              here + "/x",
		".":                here,
		"..":               filepath.Dir(here),
		"../x/":            filepath.Dir(here) + "/x",
		"~/photos":         "/home/anna/photos",
		"~":                "/home/anna",
		"tree:x":           here + "/x",
		"tree:/srv/photos": "/srv/photos",
	} {
		uri, err := withPaths.Parse(text)
		if err != nil || uri != (URI{Scheme: "tree", Path: want}) {
			t.Errorf("Parse(%q) = %+v, %v; want the path %s", text, uri, err, want)
		}
		if again, err := withPaths.Parse(uri.String()); err != nil || again != uri {
			t.Errorf("Parse(%q) = %+v, %v", uri, again, err)
		}
	}
	for text, want := range map[string]string{"tree:": "names no path", "tree@anna:/x": "has no profiles", ".hidden": "is not a station", "x/y": "is written with a slash, as in ./x/y"} {
		if _, err := withPaths.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want an error with %q", text, err, want)
		}
	}
	for _, route := range [][2]string{{"/srv/a", "/srv/a/b"}, {"/srv/a/b", "tree:/srv/a"}, {"/srv/a", "/srv/a/"}} {
		if _, _, err := withPaths.Route(route[0], route[1]); err == nil {
			t.Errorf("Route(%q) is possible", route)
		}
	}
	if _, _, err := withPaths.Route("/srv/a", "/srv/ab"); err != nil {
		t.Error(err)
	}
}

func TestRoute(t *testing.T) {
	for route, want := range map[[2]string]string{
		{"camera:", "photos:"}:        "",
		{"camera@a:", "disk:"}:        "",
		{"disk:", "disk:"}:            "there is nothing to carry",
		{"photos:", "disk:"}:          "carries from camera:, disk: to photos:, disk: only",
		{"camera:", "camera@anna:"}:   "is not possible",
		{"nowhere:", "photos:"}:       "is not a station",
		{"camera:", "photos@a b:"}:    "lower-case letters",
		{"photos@a:", "photos@anna:"}: "is not possible",
	} {
		from, to, err := kinds.Route(route[0], route[1])
		if want == "" {
			if err != nil || from.String() != route[0] || to.String() != route[1] {
				t.Errorf("Route(%q) = %v, %v, %v", route, from, to, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Route(%q) = %v, want an error with %q", route, err, want)
		}
	}
}

func TestRegistry(t *testing.T) {
	names := func(r Registry) []string { return r.names() }
	if diff := cmp.Diff([]string{"camera:", "disk:"}, names(kinds.Filter(Kind.IsSource))); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"photos:", "disk:"}, names(kinds.Filter(Kind.IsDestination))); diff != "" {
		t.Errorf("destinations (-want +got):\n%s", diff)
	}
	services := kinds.Services()
	if _, ok := services["disk"]; ok || len(services) != 2 {
		t.Errorf("services with profiles: %v", services)
	}
	for openers, k := kinds.Openers(), 0; k < len(kinds); k++ {
		if openers.Of(kinds[k].Scheme) == nil {
			t.Errorf("%s has no opener", kinds[k].Scheme)
		}
	}
}

func TestNamed(t *testing.T) {
	camera, _ := kinds.Kind("camera")
	disk, _ := kinds.Kind("disk")
	const text = "run: gondola login cam, then sync"
	for _, tc := range []struct {
		kind          Kind
		profile, want string
	}{
		{camera, "", text},
		{camera, "anna", "run: gondola login cam --profile anna, then sync"},
		{disk, "anna", text},
	} {
		if got := tc.kind.Named(text, tc.profile); got != tc.want {
			t.Errorf("%s, profile %q: %q, want %q", tc.kind.Scheme, tc.profile, got, tc.want)
		}
	}
}
