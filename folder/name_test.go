package folder

import (
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// hostile are names that some file system, or some reader, takes badly, and the names
// that their files get.
var hostile = map[string]string{
	"CON":                             "_CON",
	"nul.tar.gz":                      "_nul.tar.gz",
	"com¹.jpg":                        "_com¹.jpg",
	"LPT9 .jpg":                       "_LPT9.jpg",
	"conin$.MP4":                      "_conin$.MP4",
	"trailing.":                       "trailing",
	"trailing .jpg ":                  "trailing.jpg",
	"..":                              "unnamed",
	"":                                "unnamed",
	" . ":                             "unnamed",
	"-rf.jpg":                         "-rf.jpg",
	".hidden.jpg":                     "hidden.jpg",
	"a/b\\c.jpg":                      "a_b_c.jpg",
	`a<b>c:d"e|f?g*h.jpg`:             "a_b_c_d_e_f_g_h.jpg",
	"tab\tand\nline.jpg":              "tab_and_line.jpg",
	"nul\x00.jpg":                     "nul_.jpg",
	"gpj.\u202eexe.jpg":               "gpj._exe.jpg",
	"\ufeffmark.jpg":                  "_mark.jpg",
	"broken\xff\xfe.jpg":              "broken_.jpg",
	"Ba\u0308r.jpg":                   "Bär.jpg",
	"Bär.jpg":                         "Bär.jpg",
	strings.Repeat("😀", 100):          strings.Repeat("😀", 60),
	strings.Repeat("é", 300) + ".MP4": strings.Repeat("é", 118) + ".MP4",
}

func TestHostileNames(t *testing.T) {
	layout, err := ParseLayout("{name}")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range hostile {
		if got := layout.Path(media.Item{Name: name}, nil); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// TestNamesFitTheFileSystem: whatever a file is called, its name, with a mark or not,
// and that of its sidecar are such that the file system takes them.
func TestNamesFitTheFileSystem(t *testing.T) {
	for _, disk := range []FileSystem{
		{NameBytes: 255, NameRune: unicode.MaxRune}, {NameBytes: 143, NameRune: unicode.MaxRune},
		{NameBytes: 255, NameRune: 0xffff}, {NameBytes: 64, NameRune: unicode.MaxASCII},
	} {
		for name := range hostile {
			at := "2026/" + media.SafeName("album of "+name) + "/" + media.SafeName(name)
			all := candidates(at, "key of "+name, "v1", disk)
			for _, candidate := range all {
				for element := range strings.SplitSeq(candidate, "/") {
					if media.SafeName(element) != element || len(element+".json") > disk.NameBytes || strings.ContainsFunc(element, func(r rune) bool { return r > disk.NameRune }) {
						t.Errorf("%v: %q may become %q", disk, name, candidate)
					}
				}
			}
			folded := map[string]bool{}
			for _, candidate := range all {
				folded[fold(candidate)] = true
			}
			if len(folded) != len(all) || path.Ext(all[0]) != path.Ext(all[1]) {
				t.Errorf("%v: %q may become %q", disk, name, all)
			}
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tc := range []struct {
		name  string
		limit int
		want  string
	}{
		{"short.jpg", 9, "short.jpg"}, {"longer.jpg", 9, "longe.jpg"}, {"éééé.jpg", 11, "ééé.jpg"}, {"no extension", 5, "no ex"},
		{"a.extension", 8, "a.extens"}, {"a  .jpg.jpg", 8, "a.jpg"},
	} {
		if got := shorten(tc.name, tc.limit); got != tc.want || len(got) > tc.limit || !utf8.ValidString(got) {
			t.Errorf("%q in %d bytes is %q, want %q", tc.name, tc.limit, got, tc.want)
		}
	}
}

// confusable are names that some file systems take for one: by case, by
// normalization, or by both.
var confusable = [][]string{
	{"Bär.JPG", "BÄR.jpg", norm.NFD.String("bär.jpg"), "bär.Jpg"},
	{"straße.mp4", "STRASSE.MP4", "Strasse.mp4"},
	{"ﬀ.jpg", "FF.jpg", "ff.JPG"},
	{"GX010042.MP4", "GX010042.MP4", "gx010042.mp4"},
	{"Σ.jpg", "σ.jpg", "ς.jpg"},
}

// TestMarksDependOnIdentityAlone carries files whose names clash in many orders, in
// batches of many sizes. Of the files of one name, one gets the name and each other
// its own mark; a file has one mark, whatever came before it.
func TestMarksDependOnIdentityAlone(t *testing.T) {
	var files []stationtest.File
	class := map[string]int{} // by key
	for c, names := range confusable {
		for _, name := range names {
			f := named(len(files), media.SafeName(name))
			class[f.Item.LedgerKey()] = c
			files = append(files, f)
		}
	}
	marked := map[string]string{} // path by key
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, seed))
		random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		d := openDestination(t, made(t))
		paths := carryInBatches(t, d, files, random)
		plain := map[int]string{} // name without a mark, by class
		for _, f := range files {
			key := f.Item.LedgerKey()
			at := paths[key]
			switch {
			case path.Base(at) == f.Item.Name:
				if plain[class[key]] != "" {
					t.Errorf("seed %d: %s and %s both have no mark", seed, at, plain[class[key]])
				}
				plain[class[key]] = at
			case at != "2026/01/"+media.Distinguish(f.Item.Name, "("+markOf(key, shortMark)+")") || marked[key] != "" && marked[key] != at:
				t.Errorf("seed %d: %s of %s lies at %s, before at %q", seed, f.Item.Name, key, at, marked[key])
			default:
				marked[key] = at
			}
		}
		if len(plain) != len(confusable) {
			t.Errorf("seed %d: names without a mark: %v", seed, plain)
		}
		wantApart(t, paths)
	}
	if len(marked) < len(files)*3/4 {
		t.Errorf("only %d of %d files ever came second", len(marked), len(files))
	}
}

// carryInBatches carries files in calls of random sizes, and returns paths by key.
func carryInBatches(t *testing.T, d *Destination, files []stationtest.File, random *rand.Rand) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for rest := files; len(rest) > 0; {
		n := 1 + random.IntN(len(rest))
		for i, at := range carry(t, d, rest[:n]...) {
			paths[rest[i].Item.LedgerKey()] = at
		}
		rest = rest[n:]
	}
	return paths
}

// wantApart fails if two paths are one by case or by normalization.
func wantApart(t *testing.T, paths map[string]string) {
	t.Helper()
	folded := map[string]string{}
	for _, at := range paths {
		if other := folded[fold(at)]; other != "" {
			t.Errorf("%s and %s are one path on some disks", at, other)
		}
		folded[fold(at)] = at
	}
}

// TestNamesStay: a name once given stays, also when the file that had the name
// without a mark is gone.
func TestNamesStay(t *testing.T) {
	dir := made(t)
	d := openDestination(t, dir)
	a, b := named(1, "a.jpg"), named(2, "A.JPG")
	paths := carry(t, d, a, b)
	if err := openRoot(t, dir).Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	again := carry(t, openDestination(t, dir), b, a)
	if !slices.Equal(again, []string{paths[1], paths[0]}) {
		t.Errorf("carried again, they are %q, before %q", again, paths)
	}
	entry := uploaded(t, d, named(3, "a.JPG"))
	made, err := openDestination(t, dir).Create(t.Context(), station.Batch{Session: "s", Entries: []station.Entry{entry}})
	if err != nil || made.Results[0].Err != nil || !strings.Contains(made.Results[0].ID, markOf(entry.Item.LedgerKey(), shortMark)) {
		t.Errorf("%v, %v", made, err)
	}
}
