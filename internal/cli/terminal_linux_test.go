package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// terminal returns both ends of a new pseudo-terminal of 80 × 24 characters.
func terminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
	if err == nil {
		tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// onTerminal runs a command on a terminal and returns what that received.
func (p *patient) onTerminal(term string, args ...string) string {
	p.t.Helper()
	master, tty := terminal(p.t)
	cmd := exec.CommandContext(p.t.Context(), "gondola", args...)
	cmd.Dir, cmd.Env = p.home, append(p.environ, "TERM="+term)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	tty.Close()
	received, err := io.ReadAll(master)
	if err != nil && !errors.Is(err, syscall.EIO) { // EIO: the other end is closed
		p.t.Fatal(err)
	}
	cmd.Wait()
	return string(received)
}

// ours are the escape sequences of the live display and of the colours.
var ours = regexp.MustCompile(`\x1b\[(?:\d+[AF]|\d*K|0?J|\?25[hl]|[\d;]*m)`)

// TestTerminalIsNotSteered: on a terminal too, texts from outside have no say in
// what it does, and a dumb one gets plain lines.
func TestTerminalIsNotSteered(t *testing.T) {
	for term, live := range map[string]bool{"xterm": true, "dumb": false} {
		p := newPatientWith(t, hostileLibrary())
		hostileGoogle(p)
		for i, args := range [][]string{
			{"sync", "-v", "--log-level", "debug"}, {"ls", "gopro:"}, {"ls", "gphotos:", "--json"}, {"ls", "gphotos:", "-o", "tsv"},
			{"verify", "gopro-gphotos-everything", "-v"}, {"status", "gopro-gphotos-everything"},
		} {
			received := p.onTerminal(term, args...)
			text := strings.ReplaceAll(received, "\r", "")
			if live {
				text = ours.ReplaceAllString(text, "")
			}
			if found := unsafeIn(text); len(found) > 0 || len(text) == 0 {
				t.Errorf("TERM=%s gondola %q: %U in %q", term, args, found, received)
			}
			if i == 0 && live != strings.Contains(received, "\x1b[") {
				t.Errorf("TERM=%s: a live display: %t, want %t\n%q", term, !live, live, received)
			}
		}
	}
}

// TestWatchOnATerminal: a run is followed in place until it ends, then the session
// is shown.
func TestWatchOnATerminal(t *testing.T) {
	dir := lives(t)
	b, err := jsondir.Open(dir, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	lock, err := b.Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(progress.Snapshot{
		At: time.Now().Add(time.Minute), ItemsTotal: 7, BytesTotal: 4 << 20, BytesDone: 1 << 20,
		InFlight: []progress.Transfer{{Name: "GX" + hostile, Size: 4 << 20, Done: 1 << 20}},
		Waits:    []progress.Wait{{Reason: "the quota" + hostile, Until: time.Now().Add(time.Hour)}},
	})
	if err == nil {
		err = b.PutSnapshot(t.Context(), "s", time.Now(), document)
	}
	if err != nil {
		t.Fatal(err)
	}
	master, tty := terminal(t)
	cmd := exec.CommandContext(t.Context(), "gondola", "status", "s", "--watch", "--state-dir", dir)
	cmd.Env = append(os.Environ(), "HOME="+dir, "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	var received strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := master.Read(buffer)
		received.Write(buffer[:n])
		if err != nil {
			break // the other end is closed
		}
		if strings.Contains(received.String(), "waiting until") {
			if err := lock.Unlock(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	text := strings.ReplaceAll(received.String(), "\r", "")
	if found := unsafeIn(ours.ReplaceAllString(text, "")); len(found) > 0 {
		t.Errorf("%U in %q", found, text)
	}
	for _, want := range []string{"0/7 items", "1.00 MiB of 4.00 MiB", "GX", "Session   s ("} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}
