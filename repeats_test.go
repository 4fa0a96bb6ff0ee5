package gondola_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// chaptered returns a source of two media of two files each, the second file of
// the first medium with the bytes of the first.
func chaptered(t *testing.T) (*memorySource, *memoryLibrary) {
	t.Helper()
	src, lib := pair(41, 0)
	for _, f := range []struct {
		medium, name, content string
		part                  int
	}{
		{"m", "GX010001.MP4", "one", 1}, {"m", "GX020001.MP4", "one", 2},
		{"n", "GX010002.MP4", "one", 1}, {"n", "GX020002.MP4", "two", 2},
	} {
		src.add(f.medium, f.name, []byte(f.content))
		item := &src.items[len(src.items)-1]
		content := src.bytes[item.ID.Key()]
		item.ID.Part = f.part
		src.bytes[item.ID.Key()] = content
	}
	src.bytes[src.items[0].ID.Key()] = []byte("one")
	src.bytes[src.items[2].ID.Key()] = []byte("one")
	return src, lib
}

func sameAs(t *testing.T, b state.Backend, name string) string {
	t.Helper()
	it, err := b.ItemNamed(t.Context(), "s", name)
	if err != nil {
		t.Fatal(err)
	}
	return it.SameAs
}

// TestTwoFilesOfOneMediumWithTheSameBytesAreNoticed by the run, whether it carries
// both or an earlier one carried the first, and by the verification, also of a
// session of a version that did not notice.
func TestTwoFilesOfOneMediumWithTheSameBytesAreNoticed(t *testing.T) {
	for _, first := range []int{1, 4} { // files that the first run carries
		synctest.Test(t, func(t *testing.T) {
			src, lib := chaptered(t)
			all := src.items
			o := options(t, src, lib)
			src.items = all[:first]
			mustSync(t, o)
			src.items = all
			mustSync(t, o)
			if a, b := sameAs(t, o.Backend, "GX010001.MP4"), sameAs(t, o.Backend, "GX020001.MP4"); a+b != "GX010001.MP4" && a+b != "GX020001.MP4" {
				t.Errorf("files of one medium with the same bytes: %q, %q", a, b)
			}
			for _, other := range []string{"GX010002.MP4", "GX020002.MP4"} {
				if s := sameAs(t, o.Backend, other); s != "" {
					t.Errorf("%s is said to be %s", other, s)
				}
			}
			for _, name := range []string{"GX010001.MP4", "GX020001.MP4"} {
				it, err := o.Backend.ItemNamed(t.Context(), "s", name)
				if err != nil {
					t.Fatal(err)
				}
				it.SameAs = ""
				if err := o.Backend.PutItems(t.Context(), "s", it); err != nil {
					t.Fatal(err)
				}
			}
			_, found := verify(t, gondola.VerifyOptions{SessionID: "s", Destination: inspect(lib), Backend: o.Backend})
			if it := found["GX020001.MP4"]; it.Verdict != gondola.VerdictVerified || !strings.Contains(it.Reason, "its bytes are those of GX010001.MP4") {
				t.Errorf("%s, %q", it.Verdict, it.Reason)
			}
		})
	}
}

// TestAFileListedInOtherCompanyIsTheSameItem: a listing may identify a file by its
// part alone or by its object too, and the same part may be another file.
func TestAFileListedInOtherCompanyIsTheSameItem(t *testing.T) {
	id := media.ID{Station: "gopro", Medium: "m", Part: 2, Label: "source"}
	type file struct {
		id     media.ID
		object string
	}
	a, b := file{id, "aa"}, file{id, "bb"}
	ofA, ofB := file{id.Of("aa"), "aa"}, file{id.Of("bb"), "bb"}
	earlier := file{id, ""} // as a version stored it that knew no objects
	for _, tc := range []struct {
		name     string
		listings [][]file
		items    int
	}{
		{"alone, then in company", [][]file{{a}, {ofA, ofB}}, 2},
		{"in company, then alone", [][]file{{ofA, ofB}, {b}}, 2},
		{"one, then the other", [][]file{{a}, {b}}, 2},
		{"one, the other, both", [][]file{{a}, {b}, {ofB, ofA}, {b}, {a}}, 2},
		{"of an earlier version", [][]file{{earlier}, {a}}, 1},
		{"of an earlier version, then in company", [][]file{{earlier}, {ofA, ofB}}, 3},
		{"whose part says it all, and one beside it", [][]file{{earlier}, {earlier, ofB}, {b}, {earlier}}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(42, 0)
				o := options(t, src, lib)
				for _, listing := range tc.listings {
					src.items = nil
					for _, f := range listing {
						src.add("m", "GX010001.MP4", nil)
						item := &src.items[len(src.items)-1]
						item.ID, item.Object = f.id, f.object
						for _, id := range []media.ID{f.id, f.id.Of(f.object)} {
							src.bytes[id.Key()] = []byte("bytes of " + f.object)
						}
					}
					mustSync(t, o)
				}
				counts, err := o.Backend.Counts(t.Context(), "s")
				if err != nil || counts.Total != tc.items {
					t.Errorf("%d items, %v; want %d", counts.Total, err, tc.items)
				}
			})
		})
	}
}
