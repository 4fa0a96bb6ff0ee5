package emulator

import (
	"testing"
)

func TestArrivals(t *testing.T) {
	file := Expectation{Medium: "m", Part: 1, Name: "a.mp4", SHA256: "aa", Size: 1}
	other := Expectation{Medium: "m", Part: 2, Name: "b.mp4", SHA256: "bb", Size: 1}
	raw := Expectation{Medium: "r", Part: 1, Name: "c.gpr", SHA256: "cc", Size: 1, Refused: true, Why: "unsupported_type"}
	item := func(sums ...string) (items []Item) {
		for _, sum := range sums {
			items = append(items, Item{Filename: sum, Size: 7, SHA256: sum})
		}
		return items
	}
	for _, tc := range []struct {
		name     string
		expected []Expectation
		items    []Item
		ok       []bool // file by file
		err      string
	}{
		{"all there", []Expectation{file, other, raw}, item("bb", "aa"), []bool{true, true, true}, ""},
		{"one missing", []Expectation{file, other}, item("aa"), []bool{true, false}, "m part 2 (b.mp4) is in the library 0 times, want once"},
		{"one twice", []Expectation{file}, item("aa", "aa"), []bool{false}, "m part 1 (a.mp4) is in the library 2 times, want once"},
		{
			"other bytes", []Expectation{file}, item("ab"), []bool{false},
			"m part 1 (a.mp4) is in the library 0 times, want once\nab (7 bytes) is in the library and should not be",
		},
		{"a stranger", []Expectation{file}, item("aa", "dd"), []bool{true}, "dd (7 bytes) is in the library and should not be"},
		{"what was refused is there", []Expectation{file, raw}, item("aa", "cc"), []bool{true, false}, "cc (7 bytes) is in the library and should not be"},
		{"nothing", nil, nil, nil, ""},
	} {
		a := arrivals(tc.expected, tc.items)
		for i, f := range a.Files {
			if f.OK() != tc.ok[i] {
				t.Errorf("%s: file %d: %+v, OK %t", tc.name, i, f, f.OK())
			}
		}
		got := ""
		if err := a.Err(); err != nil {
			got = err.Error()
		}
		if len(a.Files) != len(tc.ok) || got != tc.err {
			t.Errorf("%s: %d files, error %q, want %q", tc.name, len(a.Files), got, tc.err)
		}
	}
}
