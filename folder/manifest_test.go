package folder

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// listed makes a folder whose manifest and sums have so many lines; the files are not
// there.
func listed(tb testing.TB, dir string, files int) *os.Root {
	tb.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { root.Close() })
	if err := root.MkdirAll(partialDir, 0o755); err != nil {
		tb.Fatal(err)
	}
	lines, err := root.Create(manifestFile)
	if err != nil {
		tb.Fatal(err)
	}
	defer lines.Close()
	sums, err := root.Create(sumsFile)
	if err != nil {
		tb.Fatal(err)
	}
	defer sums.Close()
	bufLines, bufSums := bufio.NewWriter(lines), bufio.NewWriter(sums)
	encoder := json.NewEncoder(bufLines)
	for i := range files {
		e := entry(i)
		if err := encoder.Encode(e); err != nil {
			tb.Fatal(err)
		}
		bufSums.WriteString(e.sumLine())
	}
	if err := bufLines.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := bufSums.Flush(); err != nil {
		tb.Fatal(err)
	}
	return root
}

func entry(n int) *Entry {
	name := fmt.Sprintf("IMG_%07d.JPG", n)
	return &Entry{
		Path: "2026/01/" + name, Key: "gopro@a/m" + name, Station: "gopro", Origin: "a", Name: name, Size: int64(n),
		SHA256: hexSum([]byte(name)), Captured: day, ModTime: day, Session: "gopro-folder", At: day.Add(time.Second), Version: "v",
	}
}

// TestLinesCostTheSame adds files to a folder of a hundred and to one of many more: both
// lists grow by their lines, in place.
func TestLinesCostTheSame(t *testing.T) {
	for _, files := range []int{100, 10_000} {
		dir := t.TempDir()
		root := listed(t, dir, files)
		var m manifest
		if err := m.mend(root); err != nil {
			t.Fatal(err)
		}
		stat := func(name string) os.FileInfo {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			return info
		}
		lines, sums := stat(manifestFile), stat(sumsFile)
		open, err := root.Open(sumsFile) // or another file could get its inode
		if err != nil {
			t.Fatal(err)
		}
		defer open.Close()
		for batch := range 4 {
			var entries []*Entry
			for i := range mostEntries {
				entries = append(entries, entry(files+batch*mostEntries+i))
			}
			if err := m.add(root, entries); err != nil {
				t.Fatal(err)
			}
		}
		for _, before := range []os.FileInfo{lines, sums} {
			now := stat(ownDir + "/" + before.Name())
			perFile := float64(now.Size()-before.Size()) / (4 * mostEntries)
			if !os.SameFile(now, before) || perFile > 450 {
				t.Errorf("%s of %d files: the same file: %v, %.0f bytes for each file that was added", before.Name(), files, os.SameFile(now, before), perFile)
			}
		}
		if m.paths != files+4*mostEntries {
			t.Errorf("%d paths", m.paths)
		}
	}
}

// BenchmarkOpen reads a manifest of 100,000 lines and looks for one of them.
func BenchmarkOpen(b *testing.B) {
	root := listed(b, b.TempDir(), 100_000)
	for b.Loop() {
		var m manifest
		if err := m.mend(root); err != nil {
			b.Fatal(err)
		}
		if e, err := m.ofKey(root, entry(77_777).Key); e == nil || err != nil {
			b.Fatal(e, err)
		}
	}
}
