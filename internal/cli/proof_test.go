package cli

import (
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestCompare(t *testing.T) {
	file := emulator.Expectation{Name: "a.mp4", SHA256: "aa", Size: 1}
	other := emulator.Expectation{Name: "b.mp4", SHA256: "bb", Size: 1}
	raw := emulator.Expectation{Name: "c.gpr", SHA256: "cc", Size: 1, Refused: true, Why: "unsupported_type"}
	item := func(sums ...string) (items []emulator.Item) {
		for _, sum := range sums {
			items = append(items, emulator.Item{SHA256: sum})
		}
		return items
	}
	for _, tc := range []struct {
		name     string
		expected []emulator.Expectation
		items    []emulator.Item
		want     verdict
	}{
		{"all there", []emulator.Expectation{file, other, raw}, item("bb", "aa"), verdict{Files: 2, Proved: 2, Refused: 1, OK: true}},
		{"one missing", []emulator.Expectation{file, other}, item("aa"), verdict{Files: 2, Proved: 1}},
		{"one twice", []emulator.Expectation{file}, item("aa", "aa"), verdict{Files: 1}},
		{"other bytes", []emulator.Expectation{file}, item("ab"), verdict{Files: 1, Strange: 1}},
		{"a stranger", []emulator.Expectation{file}, item("aa", "dd"), verdict{Files: 1, Proved: 1, Strange: 1}},
		{"what was refused is there", []emulator.Expectation{file, raw}, item("aa", "cc"), verdict{Files: 1, Proved: 1, Refused: 1, Strange: 1}},
		{"nothing to prove", nil, nil, verdict{}},
	} {
		tc.want.Type = "proof"
		if _, got := compare(tc.expected, tc.items); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}
