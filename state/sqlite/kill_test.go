//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

// victim, if set, makes the test binary a process that works on the database
// until it is killed, in the session that victimSession names.
const (
	victim        = "SQLITE_TEST_VICTIM"
	victimSession = "SQLITE_TEST_SESSION"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		if err := work(context.Background(), path, os.Getenv(victimSession)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// work runs a session and says on stdout what is durable: "n" after item n has
// been stored, recorded and batched.
func work(ctx context.Context, path, id string) error {
	b, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if _, err := b.Lock(ctx, id); err != nil {
		return err
	}
	s := state.NewSession(id, media.Window{}, time.Now())
	if err := b.PutSession(ctx, s); err != nil {
		return err
	}
	for n := 0; ; n++ {
		it := &state.Item{Discovery: state.Completed}
		it.ID = media.ID{Station: "gopro", Medium: strconv.Itoa(n), Part: 1}
		it.Name = fmt.Sprintf("%d.jpg", n)
		err := errors.Join(
			b.PutItems(ctx, id, it),
			b.PutBatch(ctx, id, &state.Batch{Index: state.FirstBatchIndex + n, FileNames: []string{it.Name}}),
			b.Record(ctx, state.LedgerEntry{Account: id, Key: it.ID.Key(), DestinationID: it.Name}),
			b.PutSession(ctx, s))
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// process is one that works on a session.
type process struct {
	*exec.Cmd
	lines  *bufio.Scanner
	stderr strings.Builder
}

func startWork(t *testing.T, path, id string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0])}
	p.Env = append(os.Environ(), victim+"="+path, victimSession+"="+id)
	p.Stderr = &p.stderr
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	return p
}

// killAfter kills the process soon after it has said n times that something is
// durable, and returns the last item that is.
func (p *process) killAfter(t *testing.T, n int) (durable int) {
	t.Helper()
	durable = -1
	for p.lines.Scan() {
		if durable++; durable == n {
			time.AfterFunc(rand.N(10*time.Millisecond), func() { p.Process.Kill() })
		}
	}
	p.Wait()
	if durable < n {
		t.Fatalf("the process ended after item %d: %s", durable, p.stderr.String())
	}
	return durable
}

// TestKilled kills a process in the midst of its work, again and again, and
// checks that its lock is free and everything that it called durable is there.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gondola.db")
	for round := range 8 {
		p := startWork(t, path, "s")
		if p.lines.Scan() {
			wantLockedBy(t, path, p.Process.Pid)
		}
		survey(t, path, "s", 1+p.killAfter(t, 3+round))
	}
}

func wantLockedBy(t *testing.T, path string, pid int) {
	t.Helper()
	b := open(t, path)
	defer b.Close()
	_, err := b.Lock(t.Context(), "s")
	if locked, ok := errors.AsType[*state.LockedError](err); !ok || locked.PID != pid {
		t.Errorf("Lock while process %d works = %v", pid, err)
	}
	if err := b.DeleteSession(t.Context(), "s"); err == nil {
		t.Error("a running session was deleted")
	}
	for who, held := range b.Holders(t.Context()) {
		if who.Session != "s" || who.PID != pid || !held {
			t.Errorf("Holders tells %+v, %v", who, held)
		}
	}
}

// survey takes over the session of a process that was killed.
func survey(t *testing.T, path, id string, durable int) {
	t.Helper()
	ctx := t.Context()
	b := open(t, path)
	defer b.Close()
	for who, held := range b.Holders(ctx) {
		if held {
			t.Errorf("the dead process %d is said to hold %s", who.PID, who.Session)
		}
	}
	lock, err := b.Lock(ctx, id)
	if err != nil {
		t.Fatalf("the lock of a dead process: %v", err)
	}
	defer lock.Unlock()
	batches := 0
	for _, err := range b.Batches(ctx, id) {
		if err != nil {
			t.Fatal(err)
		}
		batches++
	}
	if batches <= durable {
		t.Errorf("%d batches, want more than %d", batches, durable)
	}
	for n := range durable + 1 {
		key := media.ID{Station: "gopro", Medium: strconv.Itoa(n), Part: 1}.Key()
		if it, err := b.Item(ctx, id, key); err != nil || it.Seq != int64(n+1) {
			t.Errorf("item %d: %v, %v", n, it, err)
		}
		if e, err := b.Recall(ctx, id, key); err != nil || e.DestinationID != fmt.Sprintf("%d.jpg", n) {
			t.Errorf("ledger entry %d: %v, %v", n, e, err)
		}
	}
	wantSound(t, b)
}

// TestKilledWhileMaking kills a process while it makes the file.
func TestKilledWhileMaking(t *testing.T) {
	for range 25 {
		path := filepath.Join(t.TempDir(), "gondola.db")
		p := startWork(t, path, "s")
		for size := int64(-1); size < 0 && p.ProcessState == nil; {
			if info, err := os.Stat(path); err == nil {
				size = info.Size()
			}
		}
		time.Sleep(rand.N(6 * time.Millisecond))
		p.Process.Kill()
		for p.lines.Scan() {
		}
		p.Wait()
		b := open(t, path)
		load(t, b, 0, 3)
		wantSound(t, b)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestProcessesSideBySide lets processes work on sessions of their own in one
// file that none of them has made, while another one reads.
func TestProcessesSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gondola.db")
	ids := []string{"a", "b", "c"}
	var all []*process
	for _, id := range ids {
		all = append(all, startWork(t, path, id))
	}
	var durable []int
	for _, p := range all {
		durable = append(durable, p.killAfter(t, 40))
	}
	for i, id := range ids {
		survey(t, path, id, durable[i])
	}
}
