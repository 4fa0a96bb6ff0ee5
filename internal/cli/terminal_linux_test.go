package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
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
