package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/media"
)

func TestDo(t *testing.T) {
	drop := errors.New("connection reset")
	final := &media.Fault{Class: media.ItemFault, Err: errors.New("no")}
	slow := &media.Fault{Class: media.Transient, Err: errors.New("slow down"), RetryAfter: 30 * time.Second}
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
