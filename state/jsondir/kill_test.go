//go:build unix

package jsondir_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

// victim, if set, makes the test binary a process that works in the directory
// until it is killed.
const victim = "JSONDIR_TEST_VICTIM"

func TestMain(m *testing.M) {
	if root := os.Getenv(victim); root != "" {
		if err := work(context.Background(), root); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// work runs session "s" and says on stdout what is durable: "n" after item n
// has been stored, recorded and batched.
func work(ctx context.Context, root string) error {
	b, err := jsondir.Open(root, jsondir.Options{})
	if err != nil {
		return err
	}
	if _, err := b.Lock(ctx, "s"); err != nil {
		return err
	}
	s := state.NewSession("s", media.Window{}, time.Now())
	if err := b.PutSession(ctx, s); err != nil {
		return err
	}
	for n := 0; ; n++ {
		it := &state.Item{Discovery: state.Completed}
		it.ID = media.ID{Station: "gopro", Medium: strconv.Itoa(n), Part: 1}
		it.Name = fmt.Sprintf("%d.jpg", n)
		err := errors.Join(
			b.PutItems(ctx, "s", it),
			b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + n, FileNames: []string{it.Name}}),
			b.Record(ctx, state.LedgerEntry{Account: "a", Key: it.ID.Key(), DestinationID: it.Name}),
			b.PutSession(ctx, s))
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestKilled kills a process in the midst of its work, again and again, and
// checks that its lock is free and everything that it called durable is there.
func TestKilled(t *testing.T) {
	root := t.TempDir()
	for round := range 6 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+root)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		durable := -1
		for lines.Scan() {
			if durable++; durable == 0 {
				wantLockedBy(t, root, cmd.Process.Pid)
			}
			if durable == 5+round {
				time.AfterFunc(time.Duration(rand.Int64N(int64(10*time.Millisecond))), func() { cmd.Process.Kill() })
			}
		}
		cmd.Wait()
		if durable < 5+round {
			t.Fatalf("the process ended after item %d: %s", durable, stderr.String())
		}
		survey(t, root, durable)
	}
}

func wantLockedBy(t *testing.T, root string, pid int) {
	t.Helper()
	b := open(t, root)
	defer b.Close()
	_, err := b.Lock(t.Context(), "s")
	if locked, ok := errors.AsType[*state.LockedError](err); !ok || locked.PID != pid {
		t.Errorf("Lock while process %d works = %v", pid, err)
	}
	if err := b.DeleteSession(t.Context(), "s"); err == nil {
		t.Error("a running session was deleted")
	}
}

func survey(t *testing.T, root string, durable int) {
	t.Helper()
	ctx := t.Context()
	b := open(t, root)
	defer b.Close()
	if _, err := b.Lock(ctx, "s"); err != nil {
		t.Fatalf("the lock of a dead process: %v", err)
	}
	batches := 0
	for _, err := range b.Batches(ctx, "s") {
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
		if it, err := b.Item(ctx, "s", key); err != nil || it.Seq != int64(n+1) {
			t.Errorf("item %d: %v, %v", n, it, err)
		}
		if e, err := b.Recall(ctx, "a", key); err != nil || e.DestinationID != fmt.Sprintf("%d.jpg", n) {
			t.Errorf("ledger entry %d: %v, %v", n, e, err)
		}
	}
}
