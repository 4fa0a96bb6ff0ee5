package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

const mib = 1 << 20

// received returns how many bytes of unfinished uploads the library holds.
func (l *line) received() (sum int64) {
	for _, u := range l.cloud.Google.Uploads() {
		sum += u.Received
	}
	return sum
}

// settled returns what the library holds once it has taken all that was in the
// sockets and has noticed that the sender is gone.
func (l *line) settled() int64 {
	for held := l.received(); ; {
		time.Sleep(200 * time.Millisecond)
		now := l.received()
		if now == held {
			return held
		}
		held = now
	}
}

func TestKilledInTheMiddleOfALargeVideo(t *testing.T) {
	t.Parallel()
	const size = 96 * mib
	l := newLine(t, emulator.Options{Library: emulator.Large(size)})
	l.killWhen(func() bool { return l.received() > 24*mib }, "--bwlimit", "60M")
	held := l.settled()
	if held < 24*mib || held >= size {
		t.Fatalf("the library held %d bytes after the kill", held)
	}
	l.cloud.Log.Clear()
	s := l.syncUntilDone(1)
	l.wantArrived()
	if s.Bytes.Uploaded != size-held || s.Bytes.Resent != 0 {
		t.Errorf("the library held %d of %d bytes; %d were sent, %d again", held, size, s.Bytes.Uploaded, s.Bytes.Resent)
	}
	sent := append(l.cloud.Log.Entries("upload.chunk"), l.cloud.Log.Entries("upload.finalize")...)
	if got, want := sent[0].Headers["X-Goog-Upload-Offset"], fmt.Sprint(held); got != want {
		t.Errorf("went on at byte %s, want %s", got, want)
	}
	if over := s.Bytes.Downloaded - s.Bytes.Uploaded; over > 24*mib {
		t.Errorf("%d bytes were read from the source more than sent", over)
	}
}

func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(120, 5)})
	for kill := range 6 {
		requests := l.cloud.Log.Count("") + 40 + 25*kill
		l.killWhen(func() bool { return l.cloud.Log.Count("") >= requests })
	}
	l.syncUntilDone(1)
	l.wantArrived()
}

func TestInterruptSavesAndResumes(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Large(64 * mib)})
	cmd := l.command(t.Context(), "sync", "--json", "--bwlimit", "8M")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for l.received() < 4*mib {
		time.Sleep(5 * time.Millisecond)
	}
	asked := time.Now()
	cmd.Process.Signal(syscall.SIGINT)
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 130 {
		t.Errorf("after SIGINT: %v, want exit code 130", err)
	}
	if took := time.Since(asked); took > 10*time.Second {
		t.Errorf("took %v to leave", took)
	}
	held := l.settled()
	s := l.syncUntilDone(1)
	l.wantArrived()
	if s.Bytes.Uploaded != 64*mib-held {
		t.Errorf("the library held %d bytes, %d more were sent", held, s.Bytes.Uploaded)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Large(64 * mib)})
	cmd := l.command(t.Context(), "sync", "--json", "--bwlimit", "8M")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for l.received() < mib {
		time.Sleep(5 * time.Millisecond)
	}
	r := l.gondola("sync")
	if r.code != 6 || !containsAll(r.stderr, fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
	cmd.Process.Kill()
	cmd.Wait()
	l.syncUntilDone(1)
	l.wantArrived()
}
