package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/internal/cli"
)

func TestPagesAreCurrent(t *testing.T) {
	if err := run(filepath.Join("..", "..", "..", "docs"), true); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesWhatIsNotCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err != nil {
		t.Fatalf("check after writing: %v", err)
	}
	stranger := filepath.Join(dir, "cli", "gondola_fly.md")
	for path, text := range map[string]string{stranger: "x", filepath.Join(dir, "environment.md"): "old"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := run(dir, true)
	if err == nil || !strings.Contains(err.Error(), "environment.md") || !strings.Contains(err.Error(), "gondola_fly.md") {
		t.Errorf("check = %v, want both pages named", err)
	}
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stranger); err == nil {
		t.Error("a page of no command is still there")
	}
}

func TestPages(t *testing.T) {
	pages, err := generate(cli.Tree())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"cli/gondola.md":               "gondola sync",
		"cli/gondola_sync.md":          "--session-id",
		"cli/gondola_login_gopro.md":   "cURL",
		"cli/gondola_sessions_show.md": "--outcome",
		"environment.md":               "| `--state-dir` | `GONDOLA_STATE_DIR` | `Q2GOOGLE_STATE_DIR` |",
	} {
		if !strings.Contains(string(pages[path]), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
}
