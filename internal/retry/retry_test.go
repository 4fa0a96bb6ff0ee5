package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

func TestDo(t *testing.T) {
	drop := errors.New("connection reset")
	final := &fault.Error{Class: fault.Item, Err: errors.New("no")}
	slow := &fault.Error{Class: fault.Transient, Err: errors.New("slow down"), RetryAfter: 30 * time.Second}
	for _, tc := range []struct {
		name      string
		fails     []error // one per call, then nil
		want      error
		wantCalls int
		least     time.Duration
		most      time.Duration
	}{
		{"at once", nil, nil, 1, 0, 0},
		{"dropped twice", []error{drop, drop}, nil, 3, 2 * time.Second, 4 * time.Second},
		{"final", []error{final}, final, 1, 0, 0},
		{"asked to wait", []error{slow}, nil, 2, 30 * time.Second, 30 * time.Second},
		{"given up", []error{drop, drop, drop, drop, drop, drop, drop}, drop, 6, 20 * time.Second, 45 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				err := Do(t.Context(), Policy{}, func(context.Context) error {
					calls++
					if calls <= len(tc.fails) {
						return tc.fails[calls-1]
					}
					return nil
				})
				if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
					t.Errorf("Do = %v, want %v", err, tc.want)
				}
				if calls != tc.wantCalls {
					t.Errorf("%d calls, want %d", calls, tc.wantCalls)
				}
				if took := time.Since(start); took < tc.least || took > tc.most {
					t.Errorf("took %v, want %v to %v", took, tc.least, tc.most)
				}
			})
		})
	}
}

// TestDoWaitsAsLongAsItIsAskedTo: what a service asks for is waited for, however
// long it is and however small the budget, and counts against no budget.
func TestDoWaitsAsLongAsItIsAskedTo(t *testing.T) {
	asking := func(d time.Duration) error {
		return &fault.Error{Class: fault.Transient, Err: errors.New("slow down"), RetryAfter: d}
	}
	drop := errors.New("connection reset")
	for _, tc := range []struct {
		name   string
		policy Policy
		fails  []error
		calls  int
		least  time.Duration
	}{
		{"an hour", Policy{Budget: time.Minute}, []error{asking(time.Hour)}, 2, time.Hour},
		{"a day", Policy{}, []error{asking(24 * time.Hour)}, 2, 24 * time.Hour},
		{"an hour, twice, and drops between", Policy{Budget: time.Minute}, []error{drop, asking(time.Hour), drop, asking(time.Hour)}, 5, 2 * time.Hour},
		{"less than the backoff", Policy{Base: 10 * time.Second}, []error{asking(time.Second)}, 2, 7 * time.Second},
		{"more than is obeyed", Policy{Obey: time.Minute}, []error{asking(time.Hour)}, 1, 0},
		{"as long as is obeyed", Policy{Obey: time.Minute}, []error{asking(time.Minute)}, 2, time.Minute},
		{"drops beyond the budget", Policy{Budget: 8 * time.Second, Base: 4 * time.Second}, []error{drop, drop, drop, drop}, 2, 2 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, calls := time.Now(), 0
				err := Do(t.Context(), tc.policy, func(context.Context) error {
					calls++
					if calls <= len(tc.fails) {
						return tc.fails[calls-1]
					}
					return nil
				})
				if calls != tc.calls || (err == nil) != (calls > len(tc.fails)) {
					t.Errorf("Do = %v after %d calls, want %d", err, calls, tc.calls)
				}
				if took := time.Since(start); took < tc.least {
					t.Errorf("took %v, want at least %v", took, tc.least)
				}
			})
		})
	}
}

func TestDoStopsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { time.Sleep(1500 * time.Millisecond); cancel(stop) }()
		err := Do(ctx, Policy{}, func(context.Context) error { return errors.New("down") })
		if !errors.Is(err, stop) {
			t.Errorf("Do = %v, want %v", err, stop)
		}
	})
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		began := time.Now()
		if err := Sleep(ctx, time.Second); err != nil || time.Since(began) != time.Second {
			t.Errorf("Sleep = %v after %v", err, time.Since(began))
		}
		time.AfterFunc(time.Second, func() { cancel(stop) })
		began = time.Now()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, stop) || time.Since(began) != time.Second {
			t.Errorf("interrupted: Sleep = %v after %v", err, time.Since(began))
		}
	})
}
