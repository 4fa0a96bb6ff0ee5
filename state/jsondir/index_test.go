package jsondir_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// TestNamesThatDifferInCase: q2google stores both on a file system that can. When
// one gets another name, the other is found by any.
func TestNamesThatDifferInCase(t *testing.T) {
	root := plant(t, map[string]string{
		"s/meta.json":        `{"session_id": "s", "updated_at": "2026-01-10T09:00:00+00:00"}`,
		"s/items/A.JPG.json": item("A.JPG", "pending", "pending", "null", "{}"),
		"s/items/a.jpg.json": item("a.jpg", "pending", "pending", "null", "{}"),
	})
	if files, _ := filepath.Glob(filepath.Join(root, "s", "items", "*")); len(files) != 2 {
		t.Skip("the file system ignores case")
	}
	b := open(t, root)
	defer b.Close()
	find := func(name, want string) *state.Item {
		t.Helper()
		it, err := b.ItemNamed(t.Context(), "s", name)
		if err != nil || it.Name != want {
			t.Fatalf("ItemNamed(%s) = %+v, %v; want %s", name, it, err, want)
		}
		return it
	}
	find("a.jpg", "a.jpg")
	first := find("A.jpg", "A.JPG")
	first.ID, first.Name = media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, "b.jpg"
	if err := b.PutItems(t.Context(), "s", first); err != nil {
		t.Fatal(err)
	}
	find("A.jpg", "a.jpg")
	find("A.JPG", "a.jpg")
	find("B.jpg", "b.jpg")
}

// TestNumbersGivenTwice: as two copies of a state directory that were merged have them.
func TestNumbersGivenTwice(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	list := carried(t, b, 3)
	b.Close()
	path := filepath.Join(root, "s", "items", "c.jpg.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), `"seq": 3`, `"seq": 1`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 a.jpg", "2 b.jpg", "3 c.jpg"}
	for range 2 {
		b = open(t, root)
		var got []string
		for _, s := range stands(t, b, "s") {
			got = append(got, strings.Join(strings.Fields(s)[:2], " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("items %q, want %q", got, want)
		}
		list[0].Transfer = state.Completed
		if err := b.PutItems(t.Context(), "s", list[0]); err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if data, err = os.ReadFile(path); err != nil || !strings.Contains(string(data), `"seq": 3`) {
		t.Errorf("the item keeps a number that is another one's: %v\n%s", err, data)
	}
}

// TestNameTakenByADirectory: an item goes into another file if its own cannot be had.
func TestNameTakenByADirectory(t *testing.T) {
	root := t.TempDir()
	b := open(t, root)
	defer b.Close()
	carried(t, b, 1)
	if err := os.MkdirAll(filepath.Join(root, "s", "items", "z.jpg.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	it := stored("m1", "z.jpg")
	if err := b.PutItems(t.Context(), "s", it); err != nil {
		t.Fatal(err)
	}
	for _, b := range []state.Backend{b, open(t, root)} {
		if got, err := b.ItemNamed(t.Context(), "s", "z.jpg"); err != nil || got.ID != it.ID {
			t.Errorf("ItemNamed = %+v, %v", got, err)
		}
	}
}
