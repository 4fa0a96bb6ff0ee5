package media

import (
	"strings"
	"testing"
)

func TestFilterMatch(t *testing.T) {
	item := Item{Name: "GX010042.MP4", Kind: Video, Type: "TimeLapseVideo"}
	for _, tc := range []struct {
		name string
		f    Filter
		want bool
	}{
		{"zero", Filter{}, true},
		{"kind", Filter{Types: []string{"VIDEO"}}, true},
		{"type", Filter{Types: []string{"photo", "timelapsevideo"}}, true},
		{"other kind", Filter{Types: []string{"photo"}}, false},
		{"included", Filter{Include: []string{"*.jpg", "gx*.mp4"}}, true},
		{"not included", Filter{Include: []string{"*.jpg"}}, false},
		{"range in any case", Filter{Include: []string{"[A-G]X*"}}, true},
		{"excluded", Filter{Include: []string{"*"}, Exclude: []string{"*0042*"}}, false},
		{"bad pattern", Filter{Include: []string{"["}}, false},
		{"limit is the caller's", Filter{MaxItems: 1}, true},
	} {
		if got := tc.f.Match(item); got != tc.want {
			t.Errorf("%s: %+v.Match = %v, want %v", tc.name, tc.f, got, tc.want)
		}
	}
}

func TestFilterValidate(t *testing.T) {
	good := Filter{Types: []string{"Video", "SomethingNew"}, Include: []string{"GX??00[0-9]*.MP4"}, MaxItems: 3}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate(%+v) = %v", good, err)
	}
	bad := Filter{Types: []string{" "}, Include: []string{"a["}, Exclude: []string{""}, MaxItems: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("Validate takes everything")
	}
	for _, want := range []string{"type is empty", `include "a["`, `exclude ""`, "-1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %q, which does not name %s", err, want)
		}
	}
}

func TestFilterString(t *testing.T) {
	for _, tc := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "none"},
		{Filter{Types: []string{"photo", "Burst"}, Exclude: []string{"*.360"}, MaxItems: 7}, "type photo or Burst, not *.360, at most 7"},
		{Filter{Include: []string{"GX*"}}, "named GX*"},
	} {
		if got := tc.filter.String(); got != tc.want {
			t.Errorf("%+v reads %q, want %q", tc.filter, got, tc.want)
		}
		if !tc.filter.Equal(tc.filter) || tc.filter.IsZero() != (tc.want == "none") {
			t.Errorf("%+v: Equal or IsZero is wrong", tc.filter)
		}
	}
}

func TestFilterEqual(t *testing.T) {
	base := Filter{Types: []string{"photo", "TimeLapse"}, Include: []string{"GX*"}, Exclude: []string{"*.360"}, MaxItems: 3}
	same := Filter{
		Types:   []string{"timelapse", "PHOTO", "photo"},
		Include: []string{"gx*", "GX*"}, Exclude: []string{"*.360"}, MaxItems: 3,
	}
	if !base.Equal(same) || !same.Equal(base) {
		t.Errorf("%+v and %+v say the same", base, same)
	}
	for name, change := range map[string]func(*Filter){
		"types":   func(f *Filter) { f.Types = []string{"photo"} },
		"include": func(f *Filter) { f.Include = nil },
		"exclude": func(f *Filter) { f.Exclude = append(f.Exclude, "*.jpg") },
		"most":    func(f *Filter) { f.MaxItems = 4 },
	} {
		other := base
		if change(&other); base.Equal(other) {
			t.Errorf("%s: %+v and %+v differ", name, base, other)
		}
	}
}

func TestFilterCheckTypes(t *testing.T) {
	own := []string{"TimeLapse", "Burst"}
	for _, types := range [][]string{nil, {"photo", "VIDEO"}, {"timelapse"}} {
		if err := (Filter{Types: types}).CheckTypes(own); err != nil {
			t.Errorf("%v: %v", types, err)
		}
	}
	for word, want := range map[string]string{
		"vidoe":      "did you mean video?",
		"time-lapse": "did you mean TimeLapse?",
		"movie":      "known are photo, video, TimeLapse, Burst",
	} {
		err := (Filter{Types: []string{"photo", word}}).CheckTypes(own)
		if err == nil || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", word, err, want)
		}
	}
}
