package printable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/internal/printable"
)

var texts = map[string]string{
	"":                               "",
	"GX010048.MP4\tok\n":             "GX010048.MP4\tok\n",
	"Füße 漢字 🚠":                      "Füße 漢字 🚠",
	"\x1b[31mred\x1b]0;t\x07":        "�[31mred�]0;t�",
	"a\rb\x00c\x7f":                  "a�b�c�",
	"\u009b31m\u0085":                "�31m�",
	"x\u202egpj.\u2066y\u061c\u200f": "x�gpj.�y��",
	"a\u2028b\u2029":                 "a�b�",
	"\x9b31m\xff":                    "�31m�", // C1 as a byte, and no UTF-8
}

func TestText(t *testing.T) {
	for in, want := range texts {
		if got := printable.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
		line := strings.NewReplacer("\n", " ", "\t", " ").Replace(want)
		if in == "a\rb\x00c\x7f" {
			line = "a b�c�"
		}
		if got := printable.Line(in); got != line {
			t.Errorf("Line(%q) = %q, want %q", in, got, line)
		}
	}
}

// TestWriterInPieces: text that is cut anywhere comes out as if it were whole.
func TestWriterInPieces(t *testing.T) {
	for in, want := range texts {
		for at := range len(in) + 1 {
			var out bytes.Buffer
			w := printable.NewWriter(&out)
			for _, piece := range []string{in[:at], in[at:]} {
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatalf("Write(%q) = %d, %v", piece, n, err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Errorf("%q cut at %d: %q, want %q", in, at, out.String(), want)
			}
		}
	}
}

func TestWriterFlushesHalfACharacter(t *testing.T) {
	var out bytes.Buffer
	w := printable.NewWriter(&out)
	w.Write([]byte("a\xe6\xbc"))
	if err := w.Flush(); err != nil || out.String() != "a�" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// TestJSONIsTheSameToItsReader: escaping changes no value, only its spelling.
func TestJSONIsTheSameToItsReader(t *testing.T) {
	for in := range texts {
		in = strings.ToValidUTF8(in, "�")
		var out bytes.Buffer
		enc := json.NewEncoder(printable.NewJSONWriter(&out))
		if err := enc.Encode(map[string]string{in: in}); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[in] != in {
			t.Errorf("%q is read as %q, %v", in, back, err)
		}
		checkSafe(t, out.String())
	}
}

func TestWriterReportsErrors(t *testing.T) {
	full := errors.New("full")
	for _, text := range []string{"plain", "\x1b"} {
		if _, err := printable.NewWriter(failing{full}).Write([]byte(text)); !errors.Is(err, full) {
			t.Errorf("Write(%q): %v", text, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzWriter(f *testing.F) {
	for text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		w := printable.NewWriter(&out)
		for _, b := range text {
			w.Write([]byte{b})
		}
		w.Flush()
		if want := printable.Text(string(text)); out.String() != want {
			t.Errorf("byte by byte %q, at once %q", out.String(), want)
		}
		checkSafe(t, out.String())
	})
}

func checkSafe(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Errorf("%U in %q", r, text)
		}
	}
}
