package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

var stageOrder = []state.Stage{state.Discovery, state.Transfer, state.Create}

// stages sees to it that each stage starts once and completes once, in order,
// however they overlap.
type stages struct {
	r           *Run
	interrupted func() bool // the caller asked to stop

	hooking sync.Mutex            // one hook at a time
	begun   map[state.Stage]error // guarded by hooking: how the start of a stage went
}

func newStages(ctx context.Context, r *Run) *stages {
	return &stages{r: r, interrupted: func() bool { return ctx.Err() != nil }, begun: map[state.Stage]error{}}
}

// run runs a stage to its end. A stage that had nothing to do begins and ends.
func (s *stages) run(ctx context.Context, stage state.Stage, do func(context.Context) error) error {
	err := do(ctx)
	if err == nil {
		err = s.begin(ctx, stage)
	}
	return s.end(ctx, stage, err)
}

// begin starts a stage and those before it, each once. A stage whose start
// failed stays failed.
func (s *stages) begin(ctx context.Context, stage state.Stage) error {
	s.hooking.Lock()
	defer s.hooking.Unlock()
	for _, each := range stageOrder {
		if _, begun := s.begun[each]; !begun {
			s.begun[each] = s.start(ctx, each)
		}
		if s.begun[each] != nil || each == stage {
			return s.begun[each]
		}
	}
	return nil
}

func (s *stages) start(ctx context.Context, stage state.Stage) error {
	if err := s.set(stage, state.Running, nil); err != nil {
		return err
	}
	if hook := s.r.o.StageStart; hook != nil {
		if err := hook(ctx, stage); err != nil {
			return fmt.Errorf("start hook of %s: %w", stage, err)
		}
	}
	return nil
}

// end records how a stage ended and calls the hook. It returns err, or the hook's
// error; of a stage that was stopped, err is why. A stage that an interruption cut
// short stays running, one that never began stays as it was.
func (s *stages) end(ctx context.Context, stage state.Stage, err error) error {
	s.hooking.Lock()
	defer s.hooking.Unlock()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if _, begun := s.begun[stage]; !begun {
		return err
	}
	switch {
	case err == nil:
		err = s.set(stage, state.Completed, nil)
	case !s.interrupted():
		err = errors.Join(err, s.set(stage, state.Failed, err))
	}
	return s.complete(ctx, stage, err)
}

func (s *stages) complete(ctx context.Context, stage state.Stage, err error) error {
	hook := s.r.o.StageComplete
	if hook == nil {
		return err
	}
	var created []station.BatchResult
	if stage == state.Create {
		created = s.r.answered
	}
	header := s.r.session.Header()
	if hookErr := hook(context.WithoutCancel(ctx), stage, &header, created, err); hookErr != nil {
		return fmt.Errorf("completion hook of %s: %w", stage, hookErr)
	}
	return err
}

func (s *stages) set(stage state.Stage, status state.Status, cause error) error {
	err := s.r.session.Update(func(h *state.Session) { h.Stages[stage] = status })
	s.r.monitor.Stage(stage, status, cause)
	return err
}
