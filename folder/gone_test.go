package folder

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// TestFolderThatGoesAway takes a directory away while it is carried into, with nothing
// or an empty mount point in its place: neither is written to, and what is carried
// ends with a fault that stops the run.
func TestFolderThatGoesAway(t *testing.T) {
	for name, instead := range map[string]func(path string) error{
		"nothing":     func(string) error { return nil },
		"mount point": func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		dir := t.TempDir() + "/disk"
		d := openDestination(t, dir)
		carry(t, d, file(1, 1000))
		entry := uploaded(t, d, file(2, 1000))
		if err := errors.Join(os.Rename(dir, dir+"-elsewhere"), instead(dir)); err != nil {
			t.Fatal(err)
		}
		_, uploading := d.Upload(t.Context(), station.Upload{Item: file(3, 1000).Item, Open: opener(file(3, 1000))})
		_, creating := d.Create(t.Context(), station.Batch{Entries: []station.Entry{entry}})
		for _, err := range []error{uploading, creating} {
			if fault.ClassOf(err) != fault.Session || !errors.Is(err, errMoved) {
				t.Errorf("%s: %v, want a fault of the session", name, err)
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s: %s was written into", name, entries[0].Name())
		}
		if n := len(held(t, dir+"-elsewhere")); n != 1 {
			t.Errorf("%s: the folder holds %d files, want that which was there", name, n)
		}
	}
}

// TestEmptyDirectoryIsNoListing: an empty directory may be one whose disk is not
// mounted, so nothing is concluded from it.
func TestEmptyDirectoryIsNoListing(t *testing.T) {
	dir := t.TempDir()
	for _, err := range openSource(t, dir).List(t.Context(), media.Window{}) {
		if fault.ClassOf(err) != fault.Session || !errors.Is(err, errEmpty) {
			t.Errorf("of an empty directory: %v", err)
		}
		err = os.Mkdir(dir+"/lost+found", 0o755)
		if err != nil {
			t.Fatal(err)
		}
	}
	for it, err := range openSource(t, dir).List(t.Context(), media.Window{}) {
		t.Errorf("of an empty disk: %v, %v", it, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Error("the empty directory was listed without an error")
	}
}

// TestAMissingFolderIsNamedOnce: the operation has the path, the system's error not again.
func TestAMissingFolderIsNamedOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openDestination(t, dir).Account(t.Context())
	if err == nil || strings.Count(err.Error(), dir) != 1 {
		t.Errorf("the error is %v, want one that names the folder once", err)
	}
}
