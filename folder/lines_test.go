package folder

import (
	"os"
	"strings"
	"testing"
)

// TestAppendAfterHalfALine: a process was killed, or the power failed, while it wrote
// the last line.
func TestAppendAfterHalfALine(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	long := strings.Repeat("x", 10_000)
	for there, want := range map[string]string{
		"":                     "new\n",
		"one\n":                "one\nnew\n",
		"one\ntw":              "one\nnew\n",
		"on":                   "new\n",
		"one\n" + long:         "one\nnew\n",
		"one\n" + long + "\n2": "one\n" + long + "\nnew\n",
		long:                   "new\n",
	} {
		if err := root.WriteFile("lines", []byte(there), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := appendAt(root, "lines", -1, []byte("new\n")); err != nil {
			t.Fatal(err)
		}
		if got, err := root.ReadFile("lines"); err != nil || string(got) != want {
			t.Errorf("%.10q: %.20q, want %.20q (%v)", there, got, want, err)
		}
	}
}
