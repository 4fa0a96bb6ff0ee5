//go:build linux || darwin

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator"
)

// photo is the content of a small photo, another one for each text.
func photo(text string) string { return "\xff\xd8\xff\xe0\x00\x10JFIF\x00" + text }

// write writes a file and the directories above it.
func (l *line) write(path, data string) {
	l.T.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.T.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		l.T.Fatal(err)
	}
}

// tree returns the files below a directory and what tells that one was changed, but
// for the lock.
func (l *line) tree(dir string) map[string]string {
	l.T.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		all[name] = fmt.Sprint(info.Size(), info.ModTime(), info.Sys().(*syscall.Stat_t).Ino)
		return nil
	})
	if err != nil {
		l.T.Fatal(err)
	}
	return all
}

// carried returns the digests of the files in a folder by their paths, after it has
// compared them with SHA256SUMS.
func (l *line) carried(dir string) map[string]string {
	l.T.Helper()
	sums := map[string]string{}
	for name := range l.tree(dir) {
		if strings.HasPrefix(name, ".gondola"+string(filepath.Separator)) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			l.T.Fatal(err)
		}
		sums[filepath.ToSlash(name)] = digestOf(string(data))
	}
	text, err := os.ReadFile(filepath.Join(dir, ".gondola", "SHA256SUMS"))
	if err != nil {
		l.T.Fatal(err)
	}
	listed := map[string]string{}
	for entry := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(entry, "\n"), "  ")
		listed[name] = sum
	}
	if !maps.Equal(sums, listed) {
		l.T.Errorf("the folder holds %v, SHA256SUMS lists %v", sums, listed)
	}
	return sums
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// hostileNames are names that some file system, shell or format does not take.
var hostileNames = []string{
	"CON.JPG", "nul.tar.jpg", "COM¹.jpg", "a\nb.JPG", "a\rb.JPG", "back\\slash.JPG", "🏔️ 👨‍👩‍👧.JPG", "\xff\xfe.JPG", "\u202egpj.exe.JPG",
	"\ufeffbom.JPG", strings.Repeat("é", 125) + ".JPG", strings.Repeat("🏔", 62) + ".JPG", " lead.JPG", "trail .JPG", "dots...JPG", "-rf.JPG",
	"*?<>|\".JPG", "a:b.JPG", "~.JPG", "Bär.JPG", "Ba\u0308r.JPG", "UPPER.jpg", "upper.JPG", "tab\there.JPG", "esc\x1b[31m.JPG", "%0A.JPG",
	"CON/in.JPG", "aux.d /in.JPG", "new\nline/in.JPG", "\xff/in.JPG", "x.../in.JPG",
}

// safe reports what is wrong with a path for the strictest of file systems.
func unsafe(path string) string {
	for element := range strings.SplitSeq(path, "/") {
		stem, _, _ := strings.Cut(strings.ToUpper(element), ".")
		switch {
		case !utf8.ValidString(element):
			return "it is not UTF-8"
		case len(element) > 255:
			return "it is too long"
		case strings.ContainsAny(element, `<>:"\|?*`) || strings.ContainsFunc(element, unicode.IsControl):
			return "it has a character that is not taken everywhere"
		case strings.ContainsAny(element, "\u202e\ufeff"):
			return "it has a character that is not seen"
		case element != strings.Trim(element, " ") || strings.HasSuffix(element, ".") || strings.HasPrefix(element, "."):
			return "it begins or ends with a blank or a dot"
		case slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "COM1", "COM¹"}, strings.TrimRight(stem, " ")):
			return "it is a device"
		}
	}
	return ""
}

// TestHostileNames carries files with hostile names between all stations.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(0, 1)})
	source, target := filepath.Join(l.Home, "source"), filepath.Join(l.Home, "target")
	var want []string
	for i, name := range hostileNames {
		data := photo(strings.Repeat("x", i))
		l.write(source+"/"+name, data)
		want = append(want, digestOf(data))
	}
	slices.Sort(want)
	if s, r := l.Sync(source, target, "--layout", "{album}/{name}"); r.Code != 0 || s.Items.Created != len(want) {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	held := l.carried(target)
	if got := slices.Sorted(maps.Values(held)); !slices.Equal(got, want) {
		t.Errorf("the folder holds %d files, want %d", len(got), len(want))
	}
	for path := range held {
		if why := unsafe(path); why != "" {
			t.Errorf("%q: %s", path, why)
		}
	}
	if s, r := l.Sync(source, "gphotos:"); r.Code != 0 || s.Items.Created != len(want) {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	var there []string
	for _, item := range l.Cloud.Google.Items() {
		there = append(there, item.SHA256)
		if strings.ContainsFunc(item.Filename, unicode.IsControl) || !utf8.ValidString(item.Filename) {
			t.Errorf("the library has %q", item.Filename)
		}
	}
	if slices.Sort(there); !slices.Equal(there, want) {
		t.Errorf("the library holds %d files, want %d", len(there), len(want))
	}
	for _, station := range []string{target, "gphotos:"} {
		args := []string{source, station}
		if station == target {
			args = append(args, "--layout", "{album}/{name}")
		}
		if s, r := l.Sync(args...); r.Code != 0 || s.Bytes.Uploaded != 0 {
			t.Errorf("again: exit code %d, %+v\n%s", r.Code, s.Bytes, r.Stderr)
		}
	}
}

// TestHostileNamesOfACloud carries media whose names in the GoPro cloud are hostile to a
// folder.
func TestHostileNamesOfACloud(t *testing.T) {
	t.Parallel()
	library := emulator.Many(len(hostileNames), 1)
	for i := range library {
		name := hostileNames[i]
		if !utf8.ValidString(name) { // no JSON holds it
			name = "../../" + string(rune('a'+i)) + ".JPG"
		}
		library[i].Filename = &name
		library[i].Sources[0].Name = name
	}
	l := newLine(t, emulator.Options{Library: library})
	target := filepath.Join(l.Home, "down", "target")
	if s, r := l.Sync("gopro:", target); r.Code != 0 || s.Items.Created != len(library) {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	held := l.carried(target)
	var want []string
	for _, e := range l.Cloud.GoPro.Expected() {
		want = append(want, e.SHA256)
	}
	if slices.Sort(want); !slices.Equal(slices.Sorted(maps.Values(held)), want) {
		t.Errorf("the folder holds %d files, want %d", len(held), len(want))
	}
	for path := range held {
		if why := unsafe(path); why != "" {
			t.Errorf("%q: %s", path, why)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(l.Home, "down")); err != nil || len(entries) != 1 {
		t.Errorf("beside the folder there are %v, %v", entries, err)
	}
}

// TestOddEntries carries a directory with links, loops and things that are no files.
func TestOddEntries(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(0, 1)})
	source, target := filepath.Join(l.Home, "source"), filepath.Join(l.Home, "target")
	l.write(source+"/a/one.JPG", photo("one"))
	l.write(l.Home+"/outside/secret.JPG", photo("secret"))
	for from, to := range map[string]string{
		"a/loop.JPG": "loop.JPG", "a/up": "..", "all": ".", "a/there": "../b", "b/back": "../a", // loops
		"out.JPG": "../outside/secret.JPG", "out": "../outside", "abs.JPG": l.Home + "/outside/secret.JPG", // out of the root
		"gone.JPG": "nowhere.JPG", "in.JPG": "a/one.JPG",
	} {
		if err := os.MkdirAll(filepath.Dir(source+"/"+from), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, source+"/"+from); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(source+"/a/one.JPG", source+"/b/hard.JPG"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(source+"/fifo.JPG", 0o644); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Mknod(source+"/null.JPG", syscall.S_IFCHR|0o644, 1<<8|3) // where it is allowed
	if fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0); err == nil {
		_ = syscall.Bind(fd, &syscall.SockaddrUnix{Name: source + "/socket.JPG"}) // a long path is not allowed
		syscall.Close(fd)
	}
	if s, r := l.Sync(source, target); r.Code != 0 || s.Items.Created != 3 || s.Items.Total != 3 {
		t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
	for path, sum := range l.carried(target) {
		if sum != digestOf(photo("one")) {
			t.Errorf("%s is not of the directory", path)
		}
	}
}

// TestNothingNewInAFolder runs the same command again: no file is read, and none of
// either folder is written.
func TestNothingNewInAFolder(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(0, 1)})
	source, target := filepath.Join(l.Home, "source"), filepath.Join(l.Home, "target")
	for i := range 120 {
		l.write(fmt.Sprintf("%s/%d/IMG_%d.JPG", source, i%7, i), photo(fmt.Sprint(i)))
	}
	if _, r := l.Sync(source, target); r.Code != 0 {
		t.Fatalf("exit code %d\n%s", r.Code, r.Stderr)
	}
	before := []map[string]string{l.tree(source), l.tree(target)}
	for _, args := range [][]string{nil, {"--session-id", "another"}} {
		s, r := l.Sync(append([]string{source, target}, args...)...)
		if r.Code != 0 || s.Bytes.Uploaded != 0 || s.Items.Created+s.Items.AlreadyThere != 120 {
			t.Errorf("%v: exit code %d, %+v %+v\n%s", args, r.Code, s.Items, s.Bytes, r.Stderr)
		}
		if n := s.Requests["files_read"]; args == nil && n != 0 {
			t.Errorf("%d files were read", n)
		}
		for i, dir := range []string{source, target} {
			if now := l.tree(dir); !maps.Equal(now, before[i]) {
				t.Errorf("%v: %s was written to", args, dir)
			}
		}
	}
}

// TestAFolderHasOneWriter starts a second session into a folder.
func TestAFolderHasOneWriter(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Large(64 * mib)})
	target := filepath.Join(l.Home, "target")
	running := l.Start("gopro:", target, "--bwlimit", "4M")
	running.Await(func() bool { return l.inPartial(target) > 0 })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	r := l.Gondola("sync", "gopro:", target, "--session-id", "other")
	if r.Code != 6 || !containsAll(r.Stderr, fmt.Sprint(running.PID()), host, target) {
		t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
	}
	running.Kill()
	if _, r := l.Sync("gopro:", target, "--session-id", "other"); r.Code != 0 {
		t.Errorf("after the first was killed: exit code %d\n%s", r.Code, r.Stderr)
	}
	l.carried(target)
}

// inPartial returns how many bytes lie in the partial files of a folder.
func (l *line) inPartial(dir string) (sum int64) {
	entries, _ := os.ReadDir(filepath.Join(dir, ".gondola", "partial"))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// TestLargeFilesGoOn kills the command in the middle of a large file, for each pair with a
// folder: at most some megabytes are read and sent again.
func TestLargeFilesGoOn(t *testing.T) {
	t.Parallel()
	const size, lost = 64 * mib, 9 * mib
	film := emulator.Large(size)
	for _, pair := range []string{"gopro to folder", "folder to folder", "folder to gphotos"} {
		t.Run(pair, func(t *testing.T) {
			t.Parallel()
			l := newLine(t, emulator.Options{Library: film})
			from, to := "gopro:", filepath.Join(l.Home, "target")
			progress := func() int64 { return l.inPartial(to) }
			if pair != "gopro to folder" {
				from = filepath.Join(l.Home, "source")
				l.copyOut(film[0], from)
			}
			if pair == "folder to gphotos" {
				to, progress = "gphotos:", l.Received
			}
			l.KillWhen(func() bool { return progress() > 24*mib }, from, to, "--bwlimit", "40M")
			held := progress()
			if to == "gphotos:" {
				held = l.Settled()
			}
			if held < 24*mib || held >= size {
				t.Fatalf("%d bytes had arrived at the kill", held)
			}
			s, r := l.Sync(from, to)
			if r.Code != 0 || s.Bytes.Uploaded > size-held+lost || s.Bytes.Downloaded > size-held+lost+24*mib {
				t.Errorf("%d bytes had arrived: exit code %d, %+v\n%s", held, r.Code, s.Bytes, r.Stderr)
			}
			if to == "gphotos:" {
				l.WantArrived()
			} else if held := l.carried(to); len(held) != 1 || l.inPartial(to) != 0 {
				t.Errorf("the folder holds %v, and %d bytes that are not whole", held, l.inPartial(to))
			}
		})
	}
}

// copyOut writes the files of a medium into a directory.
func (l *line) copyOut(m emulator.Medium, dir string) {
	l.T.Helper()
	for _, o := range m.Sources {
		data := make([]byte, o.Content.Size())
		if _, err := o.Content.ReadAt(data, 0); err != nil {
			l.T.Fatal(err)
		}
		l.write(filepath.Join(dir, o.Name), string(data))
	}
}

// TestUnreadableFiles carries a directory of which some files and directories may not be
// read: the rest is carried, they are named, and are carried when they can be read.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(0, 1)})
	source, target := filepath.Join(l.Home, "source"), filepath.Join(l.Home, "target")
	closed := []string{source + "/closed.JPG", source + "/closed"}
	for i, name := range []string{"open.JPG", "closed.JPG", "closed/in.JPG", "z/last.JPG"} {
		l.write(source+"/"+name, photo(fmt.Sprint(i)))
	}
	for _, path := range closed {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o700) })
	}
	l.obeyPermissions()
	if r := l.Gondola("sync", "--dry-run", source, target); r.Code != 1 || !containsAll(r.Stdout, "To carry  2 items", "Nothing was changed") ||
		!containsAll(r.Stderr, "closed.JPG: permission denied") || strings.Contains(r.Stdout, "Account") {
		t.Errorf("the plan: exit code %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
	}
	for range 2 {
		r := l.Gondola("sync", source, target)
		if r.Code != 3 || !containsAll(r.Stderr, "closed.JPG: permission denied", "closed: permission denied", "denied; closed") {
			t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
		}
		if text := r.Stdout + r.Stderr; !containsAll(text, "Failed (2)\n  2 at the source that could not be read: see the warning\n") || strings.Contains(text, "sessions show") {
			t.Errorf("the summary leads to items that no session holds\n%s", text)
		}
		if n := len(l.carried(target)); n != 2 {
			t.Errorf("%d files were carried, want 2", n)
		}
	}
	for _, path := range closed {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if r := l.Gondola("sync", source, target); r.Code != 0 || len(l.carried(target)) != 4 {
		t.Errorf("exit code %d, %d files\n%s", r.Code, len(l.carried(target)), r.Stderr)
	}
}
