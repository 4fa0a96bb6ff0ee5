package jsondir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gondola-sync/gondola/state"
)

// A link that another user makes in a state directory must not make Gondola write
// elsewhere through it.
func TestLinksLeadNowhere(t *testing.T) {
	for _, name := range []string{"..gondola/ledger.lock", "..gondola/ledger.jsonl", "..gondola", "s/lock", "s/meta.json", "s/items", "s"} {
		t.Run(name, func(t *testing.T) {
			root, outside := t.TempDir(), t.TempDir()
			target := filepath.Join(outside, "made")
			link := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, link); err != nil {
				t.Skip(err)
			}
			b := open(t, root)
			defer b.Close()
			_ = b.Record(t.Context(), state.LedgerEntry{Account: "a", Key: "k"})
			if lock, err := b.Lock(t.Context(), "s"); err == nil {
				_ = b.PutSession(t.Context(), &state.Session{ID: "s"})
				_ = b.PutItems(t.Context(), "s", &state.Item{})
				_ = lock.Unlock()
			}
			if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s was made through the link, %v", target, err)
			}
		})
	}
}
