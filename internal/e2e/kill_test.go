package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

const mib = 1 << 20

func TestKilledInTheMiddleOfALargeVideo(t *testing.T) {
	t.Parallel()
	const size = 96 * mib
	l := newLine(t, emulator.Options{Library: emulator.Large(size)})
	l.KillWhen(func() bool { return l.Received() > 24*mib }, "--bwlimit", "60M")
	held := l.Settled()
	if held < 24*mib || held >= size {
		t.Fatalf("the library held %d bytes after the kill", held)
	}
	l.Cloud.Log.Clear()
	s := l.SyncUntilDone(1)
	l.WantArrived()
	// What was handed over and lost with the process counts as sent again.
	if s.Bytes.Uploaded != size-held || s.Bytes.Resent > mib {
		t.Errorf("the library held %d of %d bytes; %d were sent, %d again", held, size, s.Bytes.Uploaded, s.Bytes.Resent)
	}
	sent := append(l.Cloud.Log.Entries("upload.chunk"), l.Cloud.Log.Entries("upload.finalize")...)
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
		requests := l.Cloud.Log.Count("") + 25 + 5*kill // six times less than the items take
		l.KillWhen(func() bool { return l.Cloud.Log.Count("") >= requests })
	}
	l.SyncUntilDone(1)
	l.WantArrived()
}

func TestInterruptSavesAndResumes(t *testing.T) {
	t.Parallel()
	// Where the tests run under nohup, so would what they start: a signal that is
	// caught here is not ignored there.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
	for _, stop := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(stop.String(), func(t *testing.T) {
			t.Parallel()
			l := newLine(t, emulator.Options{Library: emulator.Large(64 * mib)})
			running := l.Start("--bwlimit", "8M")
			running.Await(func() bool { return l.Received() >= 4*mib })
			if _, r, took := running.Signal(stop); r.Code != 130 || took > 10*time.Second {
				t.Errorf("after %v: exit code %d after %v, want 130 within 10 s", stop, r.Code, took)
			}
			held := l.Settled()
			s := l.SyncUntilDone(1)
			l.WantArrived()
			if s.Bytes.Uploaded != 64*mib-held {
				t.Errorf("the library held %d bytes, %d more were sent", held, s.Bytes.Uploaded)
			}
		})
	}
}

// nohup has SIGHUP ignored, and so it stays.
func TestIgnoredHangupStaysIgnored(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Large(16 * mib)})
	running := l.StartNohup("--bwlimit", "8M")
	running.Await(func() bool { return l.Received() >= mib })
	if _, r, _ := running.Signal(syscall.SIGHUP); r.Code != 0 {
		t.Errorf("exit code %d, want the run to go on to its end", r.Code)
	}
	l.WantArrived()
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Large(64 * mib)})
	running := l.Start("--bwlimit", "2M")
	running.Await(func() bool { return l.Received() >= mib })
	r := l.Gondola("sync")
	if r.Code != 6 || !containsAll(r.Stderr, fmt.Sprint(running.PID())) {
		t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
	}
	running.Kill()
	l.SyncUntilDone(1)
	l.WantArrived()
}
