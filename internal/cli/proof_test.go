package cli

import (
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

func TestJudge(t *testing.T) {
	file := func(copies int) emulator.Arrival { return emulator.Arrival{Copies: copies} }
	raw := emulator.Arrival{Expectation: emulator.Expectation{Refused: true, Why: "unsupported_type"}}
	for _, tc := range []struct {
		name    string
		files   []emulator.Arrival
		strange int
		want    verdict
	}{
		{"all there", []emulator.Arrival{file(1), file(1), raw}, 0, verdict{Files: 2, Proved: 2, Refused: 1, OK: true}},
		{"one missing", []emulator.Arrival{file(1), file(0)}, 0, verdict{Files: 2, Proved: 1}},
		{"one twice", []emulator.Arrival{file(2)}, 0, verdict{Files: 1}},
		{"a stranger", []emulator.Arrival{file(1), raw}, 1, verdict{Files: 1, Proved: 1, Refused: 1, Strange: 1}},
		{"nothing to prove", nil, 0, verdict{}},
	} {
		tc.want.Type = "proof"
		lines, got := judge(emulator.Arrivals{Files: tc.files, Strange: make([]emulator.Item, tc.strange)})
		if got != tc.want || len(lines) != len(tc.files) {
			t.Errorf("%s: %d lines, %+v, want %+v", tc.name, len(lines), got, tc.want)
		}
	}
}
