package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestServerIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Server
		down := errors.New("connection refused")
		up, calls := false, 0
		do := func() (time.Duration, error) {
			began := time.Now()
			err := s.Do(t.Context(), Policy{Budget: time.Minute, Max: 5 * time.Second}, func(context.Context) error {
				if calls++; up {
					return nil
				}
				return down
			})
			return time.Since(began), err
		}
		if took, err := do(); !errors.Is(err, down) || took < 50*time.Second || calls < 10 {
			t.Errorf("first: %v after %v and %d calls", err, took, calls)
		}
		calls = 0
		if took, err := do(); !errors.Is(err, down) || took != 0 || calls != 1 {
			t.Errorf("waited in vain before: %v after %v and %d calls", err, took, calls)
		}
		up = true
		if _, err := do(); err != nil {
			t.Errorf("up again: %v", err)
		}
		up = false
		if took, _ := do(); took < 50*time.Second {
			t.Errorf("away a second time, it was waited for %v", took)
		}
	})
}
