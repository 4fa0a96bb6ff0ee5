package media

import (
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestSafeName(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, tc := range []struct{ in, want string }{
		{"GX010042.MP4", "GX010042.MP4"},
		{"GS__0350.JPG", "GS__0350.JPG"},
		{"Été 1/2.mp4", "Été 1_2.mp4"},
		{"E\u0301te\u0301.mp4", "\u00c9t\u00e9.mp4"},
		{"../../etc/passwd", "_._etc_passwd"},
		{`C:\x?.mp4`, "C__x_.mp4"},
		{"a\x00b\nc.jpg", "a_b_c.jpg"},
		{"evil\u202e4pm.exe", "evil_4pm.exe"},
		{"\xff.mp4", "_.mp4"},
		{"", "unnamed"},
		{" . ", "unnamed"},
		{".MP4", "unnamed.MP4"},
		{" name .mp4 ", "name.mp4"},
		{"trailing...", "trailing"},
		{"two..mp4", "two.mp4"},
		{"CON", "_CON"},
		{"nul.tar.gz", "_nul.tar.gz"},
		{"Lpt1 .txt", "_Lpt1.txt"},
		{"com¹", "_com¹"},
		{"COMET.MP4", "COMET.MP4"},
		{"2021-02-13_06.34.51.mp4", "2021-02-13_06.34.51.mp4"},
		{long + ".mp4", strings.Repeat("é", 118) + ".mp4"},
		{"CON" + strings.Repeat(" ", 300) + "x.mp4", "_CON.mp4"},
		{"a." + strings.Repeat("x", 300), "a." + strings.Repeat("x", 238)},
	} {
		if got := SafeName(tc.in); got != tc.want {
			t.Errorf("SafeName(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestDistinguish(t *testing.T) {
	for _, tc := range []struct{ name, mark, want string }{
		{"GX010042.MP4", "k7Qp2mVx9Rt4b-2", "GX010042 k7Qp2mVx9Rt4b-2.MP4"},
		{"", "a", "unnamed a"},
		{"x.mp4", "", "x.mp4"},
		{"x.mp4", " a/b. ", "x a_b.mp4"},
		{"CON.mp4", "1", "_CON 1.mp4"},
		{strings.Repeat("n", 300) + ".mp4", "m-1", strings.Repeat("n", 232) + " m-1.mp4"},
	} {
		if got := Distinguish(tc.name, tc.mark); got != tc.want {
			t.Errorf("Distinguish(%q, %q) = %q, want %q", tc.name, tc.mark, got, tc.want)
		}
	}
}

// hostile draws names of everything that has ever hurt somebody.
func hostile() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{
			"CON", "com1", "LPT¹", ".", "..", "/", `\`, ":", " ", "\u00a0", "\u3000", "\x00", "\xff", "\u202e", "\u0301", "\u212b",
			"mp4", ".MP4", strings.Repeat("x", 30), strings.Repeat("é", 90), strings.Repeat(" ", 100), strings.Repeat("\u0316", 40),
		}),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
	})
}

func checkSafe(t interface{ Fatalf(string, ...any) }, name string) {
	switch {
	case name == "" || len(name) > 240 || utf8.RuneCountInString(name) > 255:
		t.Fatalf("%q has %d bytes", name, len(name))
	case !utf8.ValidString(name) || !norm.NFC.IsNormalString(name):
		t.Fatalf("%q is not UTF-8 in NFC", name)
	case strings.ContainsAny(name, `/\:*?"<>|`) || strings.ContainsFunc(name, unicode.IsControl):
		t.Fatalf("%q holds a forbidden character", name)
	case strings.Trim(name, ". ") != name:
		t.Fatalf("%q has dots or spaces at its ends", name)
	case isDevice(name):
		t.Fatalf("%q is a device", name)
	case SafeName(name) != name:
		t.Fatalf("%q is not a fixed point: SafeName returns %q", name, SafeName(name))
	}
}

func TestSafeNameProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := hostile().Draw(t, "name")
		name := SafeName(raw)
		checkSafe(t, name)
		if got := path.Ext(SafeName(raw + ".mp4")); got != ".mp4" {
			t.Fatalf("SafeName(%q) has extension %q", raw+".mp4", got)
		}
	})
}

func TestDistinguishProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, mark := hostile().Draw(t, "name"), rapid.StringMatching(`[A-Za-z0-9-]{1,40}`).Draw(t, "mark")
		name := Distinguish(raw, mark)
		checkSafe(t, name)
		if _, ext := splitExt(SafeName(raw)); !strings.HasSuffix(name, " "+mark+ext) {
			t.Fatalf("Distinguish(%q, %q) = %q", raw, mark, name)
		}
		checkSafe(t, Distinguish(raw, hostile().Draw(t, "hostile mark")))
	})
}

func TestSafeDir(t *testing.T) {
	for dir, want := range map[string]string{
		"": "", ".": "", "/": "", "..": "", "a/../b": "", "../a": "", "a/b": "a/b", "/etc/a": "etc/a", "a//./b/": "a/b",
		`a\..\b`: "a_._b", "c:/con": "c_/_con", "day 1./x.": "day 1/x", "nul\x00/\xff": "nul_/_", " ": "unnamed",
		strings.Repeat("a/", 600): "",
	} {
		if got := SafeDir(dir); got != want {
			t.Errorf("SafeDir(%q) = %q, want %q", dir, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		dir := SafeDir(rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("/.\\")))).Draw(t, "dir"))
		if SafeDir(dir) != dir {
			t.Fatalf("SafeDir changes %q, which it returned", dir)
		}
		if dir != "" && !filepath.IsLocal(filepath.FromSlash(dir)) {
			t.Fatalf("%q is not local", dir)
		}
	})
}
