package cli

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/gondola-sync/gondola/internal/cli/render"
)

// fullDisk takes so many bytes and fails from then on.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(d.room, len(p))
	if d.room -= n; n < len(p) {
		return n, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
	}
	return n, nil
}

func TestOutputKeepsItsFirstError(t *testing.T) {
	disk := &fullDisk{room: 3}
	o := render.NewOutput(disk)
	if _, err := io.WriteString(o, "abc"); err != nil || o.Failure() != nil {
		t.Fatalf("%v, %v", err, o.Failure())
	}
	_, first := io.WriteString(o, "def")
	disk.room = 100
	_, second := io.WriteString(o, "ghi")
	o.JSON("jkl")
	if !errors.Is(first, syscall.ENOSPC) || second != first || o.Close() != first || disk.room != 100 {
		t.Errorf("first %v, second %v, at the end %v; %d bytes written after it", first, second, o.Close(), 100-disk.room)
	}
}

func TestALineThatJSONCannotHoldIsAFailure(t *testing.T) {
	var out, errs bytes.Buffer
	a := newApp(nil, &out, &errs, nil)
	a.stdout.JSON(math.NaN())
	a.stdout.JSON("the next")
	if code := a.finish(nil); code != exitFailed || out.String() != "\"the next\"\n" || !strings.Contains(errs.String(), "NaN") {
		t.Errorf("exit code %d, wrote %q, said %q", code, out.String(), errs.String())
	}
}

// results are commands that write a result.
var results = [][]string{
	{"version"}, {"--help"}, {"sync", "--help"}, {"completion", "bash"},
	{"doctor"}, {"login", "status"}, {"login", "gopro"}, {"ls", "gopro:"}, {"ls", "gphotos:"},
	{"sync", "--dry-run"}, {"sync"}, {"sync", "--session-id", "again"},
	{"sessions", "list"}, {"sessions", "show", "gopro-gphotos-everything"},
	{"status"}, {"status", "gopro-gphotos-everything"}, {"status", "gopro-gphotos-everything", "--item", "GOPR0001.JPG"},
	{"verify", "gopro-gphotos-everything"}, {"verify", "gopro-gphotos-everything", "--manifest", "-"},
	{"audit"}, {"audit", "--verbose"},
	{"sessions", "export", "copy"}, {"sessions", "rm", "--yes", "again"},
	{"emulate"}, {"demo"},
}

// TestResultsThatCannotBeWritten: each command that has a result fails with one
// message if it cannot be written, as on a full disk, from the first byte or
// later.
func TestResultsThatCannotBeWritten(t *testing.T) {
	for _, output := range []string{"text", "json", "tsv"} {
		t.Run(output, func(t *testing.T) {
			p := newPatient(t)
			for _, command := range results {
				args := append(command, "--output", output)
				var out, errs bytes.Buffer
				if command[0] != "emulate" && command[0] != "demo" {
					p.run(&out, io.Discard, args)
					if out.Len() == 0 {
						continue // the result is text beside it
					}
				}
				for _, room := range []int{0, 10} {
					errs.Reset()
					code := p.run(&fullDisk{room}, &errs, args)
					said := strings.Count(errs.String(), "cannot be written to standard output: no space left on device")
					if code != exitFailed || said != 1 {
						t.Errorf("gondola %s, after %d bytes: exit code %d, said %d times\n%s", strings.Join(args, " "), room, code, said, errs.String())
					}
				}
			}
		})
	}
}

// run runs a command on the patient's machine.
func (p *patient) run(stdout, stderr io.Writer, args []string) int {
	p.t.Helper()
	p.t.Chdir(p.home)
	return Run(p.t.Context(), args, strings.NewReader(p.cloud.GoPro.Token()), stdout, stderr, p.environ)
}
