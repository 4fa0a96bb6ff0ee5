package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/folder"
)

// disk is a kind of file system of other systems.
type disk struct {
	name  string
	make  []string // the command that formats an image, which is appended
	mount []string // that mounts the first argument after it on the second
	loop  bool     // the command mounts devices only
	is    folder.FileSystem
}

// disks are mounted by the kernel, or by a program where the kernel has no driver.
var disks = []disk{
	{"vfat", []string{"mkfs.vfat"}, []string{"mount", "-t", "vfat", "-o", "loop,utf8"}, false, folder.FileSystem{Forbidden: `<>:"\|?*`}},
	{"exfat", []string{"mkfs.exfat"}, []string{"mount.exfat-fuse"}, true, folder.FileSystem{Forbidden: `<>:"\|?*`}},
	{"ntfs", []string{"mkntfs", "-F", "-q"}, []string{"ntfs-3g", "-o", "windows_names"}, true,
		folder.FileSystem{CaseSensitive: true, Symlinks: true, HardLinks: true, Forbidden: `<>:"\|?*`}},
	{"ext4", []string{"mkfs.ext4", "-q"}, []string{"mount", "-o", "loop"}, false,
		folder.FileSystem{CaseSensitive: true, Symlinks: true, HardLinks: true}},
}

// attach mounts a new disk until the test is over, or skips the test where that is not
// possible.
func (d disk) attach(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 96<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Skipf("a %s file system cannot be mounted here: %s: %v: %s", d.name, args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run(append(d.make, image)...)
	device := image
	if d.loop {
		device = run("losetup", "-f", "--show", image)
		t.Cleanup(func() { detach(t, "losetup", "-d", device) })
	}
	run(append(d.mount, device, at)...)
	t.Cleanup(func() { detach(t, "umount", at) })
	return at
}

func detach(t *testing.T, args ...string) {
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Errorf("%q: %v: %s", args, err, out)
	}
}

// eachDisk runs a test on each kind of disk that can be mounted.
func eachDisk(t *testing.T, run func(t *testing.T, d disk, at string)) {
	for _, d := range disks {
		t.Run(d.name, func(t *testing.T) { run(t, d, d.attach(t)) })
	}
}

// TestProbeDisks finds out what disks take that are mounted.
func TestProbeDisks(t *testing.T) {
	eachDisk(t, func(t *testing.T, d disk, at string) {
		root, err := os.OpenRoot(at)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		got, err := folder.Probe(root, ".")
		if err != nil {
			t.Fatal(err)
		}
		t.Log(got)
		if got.CaseSensitive != d.is.CaseSensitive || got.Symlinks != d.is.Symlinks || got.HardLinks != d.is.HardLinks || got.Forbidden != d.is.Forbidden {
			t.Errorf("found %v, want %v", got, d.is)
		}
	})
}

// confusable are names that some disks take for one.
var confusable = []string{"clash/Bär.JPG", "clash/BÄR.jpg", "clash/" + norm.NFD.String("bär.jpg"), "clash/bär.Jpg", "clash/IMG.JPG", "clash/img.jpg"}

// TestFolderOnDisks carries hostile and confusable names and the emulated library to
// disks that take few names, no links, or times in steps of seconds; a run is killed
// in between. Everything is there, and stays.
func TestFolderOnDisks(t *testing.T) {
	t.Parallel()
	eachDisk(t, func(t *testing.T, _ disk, at string) {
		l := newLine(t, emulator.Options{Library: emulator.Demo()})
		source, target := filepath.Join(l.Home, "source"), filepath.Join(at, "photos")
		var want []string
		for i, name := range slices.Concat(hostileNames, confusable) {
			data := photo(fmt.Sprint("number ", i))
			l.write(source+"/"+name, data)
			want = append(want, digestOf(data))
		}
		slices.Sort(want)
		layout := []string{source, target, "--layout", "{album}/{name}"}
		if s, r := l.Sync(layout...); r.Code != 0 || s.Items.Created != len(want) {
			t.Fatalf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
		}
		if held := l.carried(target); !slices.Equal(slices.Sorted(maps.Values(held)), want) {
			t.Errorf("%d files are held, want %d", len(held), len(want))
		}
		if s, r := l.Sync(layout...); r.Code != 0 || s.Bytes.Uploaded != 0 {
			t.Errorf("again: exit code %d, %+v\n%s", r.Code, s.Bytes, r.Stderr)
		}
		l.KillWhen(func() bool { return l.Cloud.Log.Count("cdn.*") > 12 }, "gopro:", target, "--sidecar", "xmp")
		l.SyncUntilDone(1, "gopro:", target, "--sidecar", "xmp")
		l.Want(0, "verify", target, "--deep")
		if s, r := l.Sync("gopro:", target, "--sidecar", "xmp"); r.Code != 0 || s.Bytes.Downloaded != 0 {
			t.Errorf("again: exit code %d, %+v\n%s", r.Code, s.Bytes, r.Stderr)
		}
	})
}

// TestReadOnlyDisk: a disk that cannot be written is not probed, is said to be so, and
// can be carried from.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	ext4 := disks[slices.IndexFunc(disks, func(d disk) bool { return d.name == "ext4" })]
	at := ext4.attach(t)
	l := newLine(t, emulator.Options{Library: emulator.Many(2, 1)})
	l.write(at+"/card/a.jpg", photo("a"))
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,ro", at).CombinedOutput(); err != nil {
		t.Skipf("the disk cannot be made read-only: %v: %s", err, out)
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if found, err := folder.Probe(root, "."); !errors.Is(err, syscall.EROFS) {
		t.Errorf("probed as %v, %v", found, err)
	}
	if r := l.Want(1, "sync", "gopro:", filepath.Join(at, "photos")); !strings.Contains(r.Stderr, "read-only file system") {
		t.Errorf("it says %s", r.Stderr)
	}
	if s, r := l.Sync(filepath.Join(at, "card"), filepath.Join(l.Home, "copy"), "--sidecar", "xmp"); r.Code != 0 || s.Items.Created != 1 {
		t.Errorf("exit code %d, %+v\n%s", r.Code, s.Items, r.Stderr)
	}
}
