package media

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestAlbumJSON: documents of before albums had ids hold titles.
func TestAlbumJSON(t *testing.T) {
	want := `["Summer",{"id":"a1","title":"Sea / Sun"}]`
	var albums []Album
	if err := json.Unmarshal([]byte(want), &albums); err != nil {
		t.Fatal(err)
	}
	if len(albums) != 2 || albums[0] != (Album{Title: "Summer"}) || albums[1] != (Album{ID: "a1", Title: "Sea / Sun"}) {
		t.Errorf("albums %+v", albums)
	}
	if got, err := json.Marshal(albums); err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	for _, bad := range []string{`[1]`, `[{"id":1}]`, `["a`} {
		if err := json.Unmarshal([]byte(bad), &albums); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestSameAlbum(t *testing.T) {
	for _, c := range []struct {
		a, b Album
		want bool
	}{
		{Album{ID: "1", Title: "before"}, Album{ID: "1", Title: "after"}, true},
		{Album{ID: "1", Title: "Summer"}, Album{ID: "2", Title: "Summer"}, false},
		{Album{Title: "Summer"}, Album{Title: "Summer"}, true},
		{Album{Title: "Summer"}, Album{Title: "Winter"}, false},
		{Album{ID: "1", Title: "Summer"}, Album{Title: "Summer"}, false},
	} {
		if got := c.a.Same(c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}

func TestTitlesAreCleaned(t *testing.T) {
	long := strings.Repeat("é", 600)
	for text, want := range map[string]string{
		"Summer":       "Summer",
		" Sea\tand\n ": "Sea and",
		"":             Untitled,
		" \x00 ":       Untitled,
		"a\xffb":       "a b",
		"e\u0301":      "\u00e9",
		long:           long[:2*MaxTitle],
	} {
		got := CleanTitle(text)
		if title, err := AlbumTitle(got); got != want || title != got || err != nil {
			t.Errorf("%.20q: %.20q, %v, want %.20q", text, got, err, want)
		}
	}
	if got := MarkTitle("Summer", "2"); got != "Summer (2)" {
		t.Errorf("%q", got)
	}
	if got := MarkTitle(CleanTitle(long), "2"); utf8.RuneCountInString(got) != MaxTitle || !strings.HasSuffix(got, "é (2)") {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}
