package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets a child count for ever, or to the number that it is given.
func TestMain(m *testing.M) {
	Main(func(_ context.Context, args []string) error {
		if args[0] == "fail" {
			return errors.New("no disk")
		}
		for n := 0; ; n++ {
			fmt.Println(n)
			time.Sleep(time.Millisecond)
		}
	})
	goleak.VerifyTestMain(m)
}

func TestChildIsKilledAfterItsSteps(t *testing.T) {
	c := StartChild(t, "count")
	if n := c.KillAfter(t, 5); n < 5 {
		t.Errorf("killed after %d steps, want 5 at least", n)
	}
	if c.ProcessState.Exited() {
		t.Errorf("the child ended by itself: %v", c.ProcessState)
	}
}

func TestAwait(t *testing.T) {
	never := func() bool { return false }
	c := StartChild(t, "fail")
	if err := c.Await(t.Context(), time.Minute, never); !errors.Is(err, ErrEnded) || !strings.Contains(c.stderr.String(), "no disk") {
		t.Errorf("of a child that ends: %v, stderr %q", err, c.stderr.String())
	}
	if err := c.Await(t.Context(), time.Minute, nil); err != nil {
		t.Errorf("of its end: %v", err)
	}
	if err := StartChild(t, "count").Await(t.Context(), 50*time.Millisecond, never); err == nil || !strings.Contains(err.Error(), "hung") {
		t.Errorf("of a child that hangs: %v", err)
	}
	gone := errors.New("gone home")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	c = StartChild(t, "count")
	if err := c.Await(ctx, time.Minute, never); !errors.Is(err, gone) || c.ProcessState == nil {
		t.Errorf("after the end of ctx: %v, state %v", err, c.ProcessState)
	}
}

func TestStartReportsWhatCannotRun(t *testing.T) {
	if _, err := Start(exec.Command("/nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Start = %v", err)
	}
}

func TestCountdown(t *testing.T) {
	died := 0
	c := After(2, func(error) { died++ })
	for n, want := range []error{nil, nil, ErrKilled, ErrKilled} {
		if err := c.Change(); !errors.Is(err, want) {
			t.Errorf("change %d: %v", n, err)
		}
	}
	if died != 2 {
		t.Errorf("died %d times, want 2", died)
	}
}

func TestEachEndsWithTheFirstThatSurvives(t *testing.T) {
	var ran []int
	Each(t, 3, 10, func(_ *testing.T, n int) bool {
		ran = append(ran, n)
		return n == 4
	})
	if fmt.Sprint(ran) != "[1 2 3 4]" {
		t.Errorf("ran %v", ran)
	}
}
