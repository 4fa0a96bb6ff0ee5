package jsondir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

func TestPermissions(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "state")
	if err := os.CopyFS(root, os.DirFS(plant(t, q2google))); err != nil { // 0755 and 0644
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "old-run.json"), []byte(flat), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, root)
	defer b.Close()
	carried(t, b, 1)
	for _, id := range []string{"january-2026", "old-run"} {
		lock, err := b.Lock(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Unlock()
		if err := b.PutBatch(t.Context(), id, &state.Batch{Index: state.FirstBatchIndex + 9}); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := b.Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if err := b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"}); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		seen++
		return nil
	})
	if err != nil || seen < 20 {
		t.Errorf("%d files seen, %v", seen, err)
	}
}

func TestNewDirectoriesArePrivate(t *testing.T) {
	root := filepath.Join(t.TempDir(), "a", "b")
	open(t, root).Close()
	for _, dir := range []string{root, filepath.Dir(root)} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, %v", dir, info.Mode(), err)
		}
	}
}
