package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/gondola-sync/gondola/internal/cli"
)

func main() {
	dir := flag.String("dir", "docs", "documentation `DIRECTORY`")
	check := flag.Bool("check", false, "write nothing; fail if a page is not current")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	pages, err := generate(cli.Tree())
	if err != nil {
		return err
	}
	if check {
		return compare(dir, pages)
	}
	return write(dir, pages)
}

// generate returns all pages by their path below the documentation directory.
func generate(root *cobra.Command) (map[string][]byte, error) {
	pages := map[string][]byte{"environment.md": environment(root)}
	var walk func(*cobra.Command) error
	walk = func(cmd *cobra.Command) error {
		cmd.DisableAutoGenTag = true
		var page bytes.Buffer
		if err := doc.GenMarkdownCustom(cmd, &page, func(link string) string { return link }); err != nil {
			return err
		}
		pages[filepath.Join("cli", name(cmd))] = page.Bytes()
		for _, sub := range cmd.Commands() {
			if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
				continue
			}
			if err := walk(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return pages, walk(root)
}

func name(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
}

func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(filepath.Join(dir, "cli"), 0o755); err != nil {
		return err
	}
	for path, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, path), page, 0o644); err != nil {
			return err
		}
	}
	stale, err := strangers(dir, pages)
	for _, path := range stale {
		err = errors.Join(err, os.Remove(filepath.Join(dir, path)))
	}
	return err
}

// compare returns an error that names every page that is not current.
func compare(dir string, pages map[string][]byte) error {
	stale, err := strangers(dir, pages)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		if have, err := os.ReadFile(filepath.Join(dir, path)); err != nil || !bytes.Equal(have, pages[path]) {
			stale = append(stale, path)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("not current: %s; run: go run ./internal/tools/gendocs", strings.Join(stale, ", "))
	}
	return nil
}

// strangers are pages in docs/cli that belong to no command.
func strangers(dir string, pages map[string][]byte) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "cli", "*.md"))
	var strange []string
	for _, file := range files {
		if path := filepath.Join("cli", filepath.Base(file)); pages[path] == nil {
			strange = append(strange, path)
		}
	}
	return strange, err
}
