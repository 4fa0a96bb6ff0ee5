package doctor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func says(level Level, what string, after time.Duration) Check {
	return Check{what, func(context.Context) []Finding {
		time.Sleep(after)
		return []Finding{{Level: level, What: what}}
	}}
}

func TestRunKeepsTheOrderAndTellsWhatIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waited [][]string
		began := time.Now()
		findings, err := Run(t.Context(), []Check{says(OK, "slow", 2500*time.Millisecond), says(Note, "quick", 0), says(Warning, "middling", 1500*time.Millisecond)},
			Options{Waiting: func(names []string) { waited = append(waited, names) }})
		if err != nil || len(findings) != 3 || findings[0].Check != "slow" || findings[1].Check != "quick" || findings[2].Check != "middling" {
			t.Errorf("Run = %+v, %v", findings, err)
		}
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("took %v: the checks did not run side by side", took)
		}
		want := [][]string{{"slow", "middling"}, {"slow"}}
		if !slices.EqualFunc(waited, want, slices.Equal) {
			t.Errorf("waited for %v, want %v", waited, want)
		}
	})
}

func TestRunLeavesBehindWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hangs := Check{"disk", func(context.Context) []Finding { <-release; return nil }}
		heeds := Check{"clock", func(ctx context.Context) []Finding {
			<-ctx.Done()
			return []Finding{{Level: Note, What: "no time"}}
		}}
		began := time.Now()
		findings, err := Run(t.Context(), []Check{hangs, heeds}, Options{Limit: 3 * time.Second})
		if err != nil || len(findings) != 2 || findings[0].Level != Problem || findings[0].Check != "disk" || findings[1].What != "no time" {
			t.Errorf("Run = %+v, %v", findings, err)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leave := errors.New("I leave")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/2, func() { cancel(leave) })
		if _, err := Run(ctx, []Check{says(OK, "slow", time.Minute)}, Options{}); !errors.Is(err, leave) {
			t.Errorf("Run = %v, want the cause", err)
		}
		time.Sleep(time.Minute) // until the one left behind is gone
	})
}

func TestOnlyCredentials(t *testing.T) {
	login, other, fine := Finding{Level: Problem, Credentials: true}, Finding{Level: Problem}, Finding{Level: Warning}
	for _, tc := range []struct {
		findings []Finding
		want     bool
	}{
		{nil, false},
		{[]Finding{fine}, false},
		{[]Finding{login, fine}, true},
		{[]Finding{login, other}, false},
	} {
		if got := OnlyCredentials(tc.findings); got != tc.want {
			t.Errorf("OnlyCredentials(%+v) = %v", tc.findings, got)
		}
	}
}
