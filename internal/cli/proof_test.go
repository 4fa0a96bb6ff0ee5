package cli

import (
	"os"
	"path/filepath"
	"strings"
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

func TestJudgeFolder(t *testing.T) {
	expected := []emulator.Expectation{{SHA256: "a"}, {SHA256: "b", Refused: true}, {SHA256: "a"}, {Why: "not_ready"}}
	for _, tc := range []struct {
		name string
		held map[string]int
		want folderProof
	}{
		{"all there", map[string]int{"a": 2, "b": 1}, folderProof{Files: 3, Proved: 3, OK: true}},
		{"one missing", map[string]int{"a": 1, "b": 1}, folderProof{Files: 3, Proved: 2}},
		{"one twice", map[string]int{"a": 2, "b": 2}, folderProof{Files: 3, Proved: 3}},
		{"a stranger", map[string]int{"a": 2, "b": 1, "c": 1}, folderProof{Files: 3, Proved: 3}},
	} {
		tc.want.Type = "folder_proof"
		if got := judgeFolder(tc.held, expected); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestCheckSums(t *testing.T) {
	const empty, other = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "00"
	for list, says := range map[string]string{
		empty + "  a.JPG\n" + empty + "  b.JPG\n": "",
		other + "  a.JPG\n":                       "a.JPG: its SHA-256 is " + empty,
		empty + "  missing.JPG\n":                 "missing.JPG",
		empty + "  ../a.JPG\n":                    "escapes",
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, ".gondola"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"a.JPG": "", "b.JPG": "", ".gondola/SHA256SUMS": list} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		held, err := checkSums(dir)
		if says == "" && (err != nil || held[empty] != 2) || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, %v, want %q", list, held, err, says)
		}
	}
}
