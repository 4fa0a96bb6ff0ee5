package media

import (
	"testing"

	"pgregory.net/rapid"
)

func TestKey(t *testing.T) {
	for _, tc := range []struct {
		id   ID
		want string
	}{
		{ID{}, ""},
		{ID{Station: "gopro", Medium: "k7Qp2mVx9Rt4b", Part: 1, Label: "source"}, "gopro/k7Qp2mVx9Rt4b/1/source"},
		{ID{Station: "folder", Medium: "trip/day 1/GX01.MP4", Part: 1}, "folder/trip%2Fday%201%2FGX01.MP4/1/"},
		{ID{Station: "gopro", Medium: "%2F", Part: 12, Label: "é"}, "gopro/%252F/12/%C3%A9"},
		{ID{Station: "folder", Origin: "3f9a", Medium: "GX01.MP4", Part: 1}, "folder@3f9a/GX01.MP4/1/"},
		{ID{Station: "a@b", Origin: "c@d/e%", Part: 1}, "a%40b@c@d%2Fe%25//1/"},
		{ID{Origin: "o"}, "@o//0/"},
	} {
		if got := tc.id.Key(); got != tc.want {
			t.Errorf("%+v.Key() = %q, want %q", tc.id, got, tc.want)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for _, key := range []string{
		"", "gopro", "gopro/a/1", "gopro/a/1/source/x", "gopro/a/one/source", "gopro/a/01/source",
		"gopro/a/+1/source", "gopro/a%2/1/source", "gopro/%61/1/source", "gopro/a b/1/source", "//0/",
		"folder@/a/1/", "@//0/", "a%40b%40c@/m/1/l", "folder@a%40b/m/1/", "folder@%/m/1/", "folder%40a@b%2f/m/1/",
	} {
		if id, err := ParseKey(key); err == nil {
			t.Errorf("ParseKey(%q) = %+v, want an error", key, id)
		}
	}
}

func TestKeyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "/", "%", "..", "a/b%2F", "\xff", "@", "a@b", "%40"}))
		id := ID{
			Station: text.Draw(t, "station"),
			Origin:  text.Draw(t, "origin"),
			Medium:  text.Draw(t, "medium"),
			Part:    rapid.Int().Draw(t, "part"),
			Label:   text.Draw(t, "label"),
		}
		if id.IsZero() {
			t.Skip("has no key")
		}
		if got, err := ParseKey(id.Key()); err != nil || got != id {
			t.Fatalf("ParseKey(%q) = %+v, %v, want %+v", id.Key(), got, err, id)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"", "gopro/k7Qp2mVx9Rt4b/1/source", "folder/a%2Fb/-3/", "a/b/1/%zz", "%41/b/1/c", "folder@3f9a/b/1/", "a%40b@c/d/1/e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if id, err := ParseKey(key); err == nil && (id.Key() != key || id.IsZero()) {
			t.Errorf("ParseKey(%q) = %+v, whose key is %q", key, id, id.Key())
		}
	})
}
