package gondola

import (
	"context"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Hooks are called by the engine as a session goes on. Any may be nil.
//
// Stages overlap, yet each starts once and completes once, in order. StageStart
// and StageComplete are called from the goroutine that called Sync or one that
// it waits for, never two at a time. An error from StageStart fails the stage;
// an error from StageComplete ends the session with that error.
type Hooks struct {
	// StageStart is called before a stage does anything.
	StageStart func(ctx context.Context, stage state.Stage) error
	// StageComplete is called after a stage has ended, also when it failed:
	// err is then its failure. created holds what the create stage registered
	// in this run, one per answered call; it is collected only for this hook,
	// and grows with the run. Event tells the same item by item at no such cost.
	StageComplete func(ctx context.Context, stage state.Stage, s *state.Session, created []station.BatchResult, err error) error
	// Event is told of everything that happens. It is called from many
	// goroutines, one call at a time, and must return quickly.
	Event func(Event)
}

// Event is one of StageEvent, ItemEvent, WaitEvent and NoticeEvent.
type Event interface{ event() }

// StageEvent tells that a stage's status changed.
type StageEvent struct {
	Stage  state.Stage
	Status state.Status
	Time   time.Time
	Err    error // with state.Failed
}

// ItemEvent tells that a stage of an item ended: Completed, Failed or Skipped.
type ItemEvent struct {
	Item   state.Item // a copy
	Stage  state.Stage
	Status state.Status
	Err    error // with state.Failed
}

// WaitEvent tells that something waits, for what and until when.
type WaitEvent struct{ fault.Wait }

// NoticeEvent tells people something they would want to know, in a sentence.
type NoticeEvent struct{ Text string }

func (StageEvent) event()  {}
func (ItemEvent) event()   {}
func (WaitEvent) event()   {}
func (NoticeEvent) event() {}
