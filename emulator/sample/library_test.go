package sample

import (
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"
)

func TestLibrariesAreSound(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]Library{
		"demo": Demo(), "mixed": Mixed(1), "mixed of another seed": Mixed(2), "many": Many(20_000, 7), "large": Large(5 << 30),
	} {
		ids := map[string]bool{}
		for _, m := range l {
			if m.ID == "" || ids[m.ID] {
				t.Errorf("%s: id %q is empty or taken", name, m.ID)
			}
			ids[m.ID] = true
			if m.Captured.IsZero() || m.Created.IsZero() || m.Type == "" {
				t.Errorf("%s: %s lacks a time or a type", name, m.ID)
			}
		}
	}
}

func TestEqualSeedsMakeEqualLibraries(t *testing.T) {
	t.Parallel()
	digestOf := func(seed uint64) string {
		all := sha256.New()
		for _, m := range Mixed(seed)[:6] {
			fmt.Fprintln(all, m.ID, m.Captured)
			for _, o := range m.Sources {
				data, err := io.ReadAll(reader(o.Content))
				if err != nil {
					t.Fatal(err)
				}
				all.Write(data)
			}
		}
		return string(all.Sum(nil))
	}
	first, again, other := digestOf(1), digestOf(1), digestOf(2)
	if first != again || first == other {
		t.Error("the seed does not decide what the library is")
	}
}

func TestAlteredContentKeepsItsType(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Content{
			NewPhoto(Shot{Seed: 1}, 0), NewVideo(Shot{Seed: 2}, 0), Bytes("some bytes that are longer than a signature"),
		}).Draw(t, "content")
		a := Altered(c, rapid.Uint64Range(1, 255).Draw(t, "generation"))
		was, _ := io.ReadAll(reader(c))
		is, _ := io.ReadAll(reader(a))
		if len(was) != len(is) || string(was[:2]) != string(is[:2]) || string(was) == string(is) {
			t.Errorf("%d bytes %q became %d bytes %q", len(was), was[:2], len(is), is[:2])
		}
	})
}
