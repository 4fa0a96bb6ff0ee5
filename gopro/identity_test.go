package gopro

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/media"
)

// at is an entry of a number, camera position and object; number 0 is not given.
func at(object string, number int, position string) string {
	more := ""
	if number > 0 {
		more = fmt.Sprintf(`,"item_number":%d`, number)
	}
	if position != "" {
		more += fmt.Sprintf(`,"camera_position":%q`, position)
	}
	kind := object[strings.LastIndexByte(object, '.')+1:]
	return variation(object, "source", kind, 2160, more)
}

// identities returns object and key of each asset of a manifest, sorted.
func identities(t *testing.T, row Row, body string) []string {
	t.Helper()
	m, err := decodeManifest([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	row.ID = "m"
	assets := Assets(row, m, 0)
	checkAssets(t, row, m, assets)
	var got []string
	for _, a := range assets {
		object := strings.TrimPrefix(a.object(), "/0f3a/1234567890123456789/")
		if a.Refusal != nil {
			object = "!" + a.Refusal.Code
		}
		got = append(got, object+" "+itemID("m", a.Entry).Key())
	}
	slices.Sort(got)
	return got
}

// mark is what tells an object from others.
func mark(object string) string { return Entry{URL: signed(object)}.fingerprint() }

func marked(object string, part int) string {
	return fmt.Sprintf("%s gopro/m/%d/source@%s", object, part, mark(object))
}

func TestIdentityIsNotThePosition(t *testing.T) {
	video := Row{Type: "Video", Filename: "GX010042.MP4"}
	for _, tc := range []struct {
		name    string
		entries []string
		want    []string
	}{
		{"by number", []string{at("source/default/1.mp4", 1, "default"), at("source/default/2.mp4", 2, "default")},
			[]string{"source/default/1.mp4 gopro/m/1/source", "source/default/2.mp4 gopro/m/2/source"}},
		{"by number, objects of any name", []string{at("o/5f0c.mp4", 2, ""), at("o/a91e.mp4", 1, "")},
			[]string{"o/5f0c.mp4 gopro/m/2/source", "o/a91e.mp4 gopro/m/1/source"}},
		{"by the number of the address", []string{at("source/default/1.mp4", 0, ""), at("source/default/2.mp4", 0, "")},
			[]string{"source/default/1.mp4 gopro/m/1/source", "source/default/2.mp4 gopro/m/2/source"}},
		{"the one there is", []string{at("o/5f0c.mp4", 0, "")}, []string{"o/5f0c.mp4 gopro/m/1/source"}},
		{"the second chapter alone, by its address", []string{at("source/default/2.mp4", 0, "")},
			[]string{"source/default/2.mp4 gopro/m/2/source"}},
		{"without numbers", []string{at("o/5f0c.mp4", 0, ""), at("o/a91e.mp4", 0, "")},
			[]string{marked("o/5f0c.mp4", 1), marked("o/a91e.mp4", 1)}},
		{"two positions of one number", []string{at("source/default/1.mp4", 1, "default"), at("source/front/1.mp4", 1, "front")},
			[]string{"source/default/1.mp4 gopro/m/1/source", marked("source/front/1.mp4", 1)}},
		{"1, 2, 2, 3", []string{at("o/a.mp4", 1, ""), at("o/b.mp4", 2, ""), at("o/c.mp4", 2, ""), at("o/d.mp4", 3, "")},
			[]string{"o/a.mp4 gopro/m/1/source", marked("o/b.mp4", 2), marked("o/c.mp4", 2), "o/d.mp4 gopro/m/3/source"}},
		{"one object twice under one number", []string{at("o/a.mp4", 1, ""), at("o/b.mp4", 2, ""), at("o/b.mp4", 2, "")},
			[]string{"o/a.mp4 gopro/m/1/source", "o/b.mp4 gopro/m/2/source"}},
		{"one object with and without its number", []string{at("o/b.mp4", 0, ""), at("o/a.mp4", 1, ""), at("o/b.mp4", 2, "")},
			[]string{"o/a.mp4 gopro/m/1/source", "o/b.mp4 gopro/m/2/source"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := slices.Sorted(slices.Values(tc.want))
			for range 4 {
				got := identities(t, video, manifest("GX010042.MP4", proxyFile, tc.entries, nil))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				rand.Shuffle(len(tc.entries), func(i, j int) { tc.entries[i], tc.entries[j] = tc.entries[j], tc.entries[i] })
			}
		})
	}
}

// TestEveryFileOfASetIsAnItem: a set may list RAW files and videos among its
// frames, of the same numbers, and addresses may end in anything.
func TestEveryFileOfASetIsAnItem(t *testing.T) {
	file := func(object string, number int) string { return fileEntry(object, number, 2736) }
	for _, tc := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"JPG and GPR of each number", []string{file("source/default/1.jpg", 1), file("source/default/1.gpr", 1), file("source/default/2.jpg", 2), file("source/default/2.gpr", 2)},
			[]string{"source/default/1.gpr gopro/m/1/raw_photo", "source/default/1.jpg gopro/m/1/source",
				"source/default/2.gpr gopro/m/2/raw_photo", "source/default/2.jpg gopro/m/2/source"}},
		{"only GPR", []string{file("source/default/1.gpr", 1), file("source/default/2.gpr", 2)},
			[]string{"source/default/1.gpr gopro/m/1/source", "source/default/2.gpr gopro/m/2/source"}},
		{"a video among the frames", []string{file("source/default/1.jpg", 1), file("source/default/2.jpg", 2), file("source/default/1.mp4", 1)},
			[]string{"source/default/1.jpg gopro/m/1/source", "source/default/1.mp4 gopro/m/1/file", "source/default/2.jpg gopro/m/2/source"}},
		{"what no library takes", []string{file("source/default/1.jpg", 1), file("source/default/2.jpg", 2), file("extra/default/3.zip", 3)},
			[]string{"!unsupported_type gopro/m/3/file", "source/default/1.jpg gopro/m/1/source", "source/default/2.jpg gopro/m/2/source"}},
		{"addresses of a second version", []string{file("source/default/1.jpg.v2", 1), file("source/default/2.v2", 2)},
			[]string{"source/default/1.jpg.v2 gopro/m/1/source", "source/default/2.v2 gopro/m/2/source"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			row := Row{Type: "Burst", Filename: "G0010101.JPG", Height: 2736} // item_count is null
			cover := []string{variation("source/default/1.jpg", "source", "jpg", 2736, "")}
			for range 4 {
				got := identities(t, row, manifest("G0010101.JPG", tc.files, cover, nil))
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				rand.Shuffle(len(tc.files), func(i, j int) { tc.files[i], tc.files[j] = tc.files[j], tc.files[i] })
			}
		})
	}
}

// TestAnItemIsOneObject lists some of the entries of a medium, then others, in any
// order: no two objects ever stand for one item that knows its object.
func TestAnItemIsOneObject(t *testing.T) {
	pool := []string{"source/default/1.mp4", "source/default/2.mp4", "source/front/1.mp4", "o/a.mp4", "o/b.mp4", "o/2.mp4"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func() Manifest {
			var entries []string
			for _, object := range rapid.SliceOfNDistinct(rapid.SampledFrom(pool), 1, 5, rapid.ID[string]).Draw(t, "objects") {
				number := rapid.IntRange(0, 3).Draw(t, "number")
				position := rapid.SampledFrom([]string{"", "default", "front"}).Draw(t, "position")
				entries = append(entries, at(object, number, position))
			}
			m, err := decodeManifest([]byte(manifest("GX010042.MP4", nil, entries, nil)))
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		before, after := draw(), draw()
		var items []media.Item
		row := Row{ID: "m", Type: "Video", Filename: "GX010042.MP4"}
		assets := Assets(row, before, 0)
		items = itemsOf(row, assets)
		for i, item := range items {
			if assets[i].URL == "" {
				continue
			}
			n := 0
			for _, e := range carriable(before, false) {
				if standsFor(item, e) {
					n++
					if e.object() != assets[i].object() {
						t.Fatalf("%s is %s and %s", item.ID.Key(), assets[i].object(), e.object())
					}
				}
			}
			if n != 1 {
				t.Fatalf("%s of object %q is found %d times", item.ID.Key(), item.Object, n)
			}
			for _, e := range carriable(after, false) {
				if standsFor(item, e) && item.Object != "" && e.object() != assets[i].object() {
					t.Fatalf("%s was %s and is %s", item.ID.Key(), assets[i].object(), e.object())
				}
			}
		}
	})
}
