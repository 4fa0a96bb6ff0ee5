package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDisk(t *testing.T) {
	for _, tc := range []struct {
		name   string
		v      volume
		levels []Level
	}{
		{"room", volume{free: 1 << 40, inodes: 1 << 20, counted: true}, []Level{OK}},
		{"no count of files", volume{free: 1 << 40}, []Level{OK}},
		{"little room", volume{free: 100 << 20, inodes: 1 << 20, counted: true}, []Level{Warning}},
		{"few files", volume{free: 1 << 40, inodes: 500, counted: true}, []Level{Warning}},
		{"full", volume{free: 1 << 10, inodes: 1 << 20, counted: true}, []Level{Problem}},
		{"no files left", volume{free: 1 << 40, inodes: 0, counted: true}, []Level{Problem}},
		{"far away", volume{free: 1 << 40, kind: "nfs", network: true}, []Level{OK, Warning}},
	} {
		findings := judgeVolume("/state", tc.v)
		var levels []Level
		for _, f := range findings {
			levels = append(levels, f.Level)
			if f.Level != OK && (f.Why == "" || f.Remedy == "") {
				t.Errorf("%s: no why or remedy: %+v", tc.name, f)
			}
		}
		if len(levels) != len(tc.levels) || levels[0] != tc.levels[0] || levels[len(levels)-1] != tc.levels[len(levels)-1] {
			t.Errorf("%s: %v, want %v", tc.name, levels, tc.levels)
		}
	}
}

func TestDiskOfAPathThatIsNotThereYet(t *testing.T) {
	dir := t.TempDir()
	f := Disk(filepath.Join(dir, "a", "b")).Run(t.Context())[0]
	if f.Level == Problem || !strings.Contains(f.What, dir) || strings.Contains(f.What, "a/b") {
		t.Errorf("Disk = %+v, want the nearest directory that is there", f)
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	if f := only(t, Writable(dir).Run(t.Context())); f.Level != OK {
		t.Errorf("a directory of ours: %+v", f)
	}
	if f := only(t, Writable(filepath.Join(dir, "later")).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "first sync") {
		t.Errorf("one that is not there yet: %+v", f)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("the check left %v (%v)", left, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := only(t, Writable(file).Run(t.Context())); f.Level != Problem || f.Remedy == "" {
		t.Errorf("a file in its place: %+v", f)
	}
	if os.Getuid() == 0 {
		return // root writes anywhere
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if f := only(t, Writable(dir).Run(t.Context())); f.Level != Problem {
		t.Errorf("a directory that is not to be written: %+v", f)
	}
}

func TestLeftovers(t *testing.T) {
	state, config := t.TempDir(), t.TempDir()
	token := filepath.Join(config, "token.json")
	secrets := []string{token, filepath.Join(config, "gopro_token")}
	now := time.Now()
	check := func() []Finding { return Leftovers(state, secrets, now).Run(t.Context()) }
	put := func(path string, age time.Duration) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(state, "s", "items", "gondola-1-1.tmp"), time.Minute) // in use
	put(filepath.Join(state, "s", "items", "IMG.tmp.json"), time.Hour)      // an item
	put(token, time.Hour)
	put(token+".lock", time.Hour)
	if f := only(t, check()); f.Level != OK {
		t.Errorf("nothing is left: %+v", f)
	}
	put(filepath.Join(state, "s", "items", "gondola-1-2.tmp"), time.Hour)
	put(filepath.Join(config, ".secret-123"), time.Hour)
	put(token+".456.tmp", time.Hour)
	put(filepath.Join(filepath.Dir(token), "."+filepath.Base(token)+".789.tmp"), time.Second)
	findings := check()
	if len(findings) != 4 || findings[0].Level != Note || !strings.Contains(findings[0].What, "gondola-1-2.tmp") ||
		findings[1].Level != Warning || findings[2].Level != Warning || !strings.HasPrefix(findings[1].Remedy, "rm ") {
		t.Errorf("Leftovers = %+v", findings)
	}
}

func TestWritableFromWithin(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if f := only(t, Writable(".").Run(t.Context())); f.Level != OK || strings.Contains(f.What, "not there yet") {
		t.Errorf("the working directory: %+v", f)
	}
}
