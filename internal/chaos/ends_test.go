package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProofFindsWhatIsWrongInAFolder does harm after harm to a folder that is
// complete.
func TestProofFindsWhatIsWrongInAFolder(t *testing.T) {
	t.Parallel()
	s, l := proved(t, folderToFolder, rand.New(rand.NewPCG(1, 1)))
	there, err := s.ends.held()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(s.ends.target, name) }
	var one string
	for one = range there {
		break
	}
	data, err := os.ReadFile(at(one))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, data, want string }{
		{"half.MP4", string(data[:100]), "is no file of the library"},
		{"twice.MP4", string(data), "are one file"},
		{".gondola/partial/x.part", "x", "is left behind"},
		{one, "", "files are in the folder"},
		{one, string(data[1:]), "is no file of the library"},
		{".gondola/SHA256SUMS", strings.Repeat("0", 64) + "  " + one + "\n", "is listed with digest"},
	} {
		before, _ := os.ReadFile(at(row.name))
		if err := os.WriteFile(at(row.name), []byte(row.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if row.data == "" {
			os.Remove(at(row.name))
		}
		if err := s.prove(t.Context(), l); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: prove = %v, want %q", row.name, err, row.want)
		}
		if before == nil {
			os.Remove(at(row.name))
		} else if err := os.WriteFile(at(row.name), before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.prove(t.Context(), l); err != nil {
		t.Error(err)
	}
}
