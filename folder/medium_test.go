package folder

import (
	"testing"
	"unicode/utf8"
)

func FuzzMedium(f *testing.F) {
	for _, path := range []string{"", "2026/a.JPG", "\xff", "B\xe4r.JPG", "\uf7ff\xff", "\uf780", "\ufffd", "\xed\xa0\x80"} {
		f.Add(path)
	}
	ids := map[string]string{}
	f.Fuzz(func(t *testing.T, path string) {
		id := mediumOf(path)
		if !utf8.ValidString(id) || pathOf(id) != path || utf8.ValidString(path) && len(path) < 3 && id != path {
			t.Errorf("%q is %q, which is %q", path, id, pathOf(id))
		}
		if other, taken := ids[id]; taken && other != path {
			t.Errorf("%q and %q are %q", path, other, id)
		}
		ids[id] = path
	})
}
