package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// measured is a row as it was measured last.
type measured struct {
	Date    string `json:"date"`
	Commit  string `json:"commit"`
	Machine string `json:"machine"`
	Go      string `json:"go"`
	Long    bool   `json:"long,omitempty"`
	series
}

// results are what was measured, by the row's name.
type results map[string]measured

func (b *bench) resultsPath() string { return filepath.Join(b.root, "bench", "results.json") }

func (b *bench) results() (results, error) {
	data, err := os.ReadFile(b.resultsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return results{}, nil
	}
	if err != nil {
		return nil, err
	}
	r := results{}
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", b.resultsPath(), err)
	}
	return r, nil
}

// keep replaces what is known of one row.
func (b *bench) keep(name string, s series) error {
	all, err := b.results()
	if err != nil {
		return err
	}
	all[name] = measured{
		Date: time.Now().Format(time.DateOnly), Commit: b.revision, Machine: machine(), Go: runtime.Version(),
		Long: b.long, series: s,
	}
	data, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.resultsPath(), append(data, '\n'), 0o644)
}

// commit names the revision that was measured; "+" means that files differed.
func (b *bench) commit(ctx context.Context) string {
	git := func(args ...string) string {
		out, _ := exec.CommandContext(ctx, "git", append([]string{"-C", b.root}, args...)...).Output() // empty without git
		return strings.TrimSpace(string(out))
	}
	hash := git("rev-parse", "--short", "HEAD")
	if git("status", "--porcelain", "--untracked-files=no", "--", "*.go") != "" {
		hash += "+"
	}
	return hash
}

// machine says on what was measured.
func machine() string {
	return fmt.Sprintf("%s/%s, %d × %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
