package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// lastCall is how long a run may take to save after the first signal; the
// promise is 10 s.
const lastCall = 9 * time.Second

// handleSignals returns a context that the first SIGINT, SIGTERM or SIGHUP (the
// terminal is gone) ends with errInterrupted. Signals that were ignored when the
// process began stay ignored. The second signal, or lastCall after the first, ends the
// process: state on disk is whole at any moment.
func (a *app) handleSignals(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	finished := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watchSignals(signals, finished, cancel)
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(finished)
		<-watched
		cancel(nil)
	}
}

func (a *app) watchSignals(signals <-chan os.Signal, finished <-chan struct{}, cancel context.CancelCauseFunc) {
	select {
	case <-finished:
		return
	case <-signals:
	}
	if words := a.farewell.Load(); words != nil {
		a.screen.afterEcho()
		fmt.Fprintln(a.screen, *words)
	}
	cancel(errInterrupted)
	late := time.NewTimer(lastCall)
	defer late.Stop()
	select {
	case <-finished:
	case <-signals:
		a.exit(exitInterrupted)
	case <-late.C:
		a.exit(exitInterrupted)
	}
}

// sayOnInterrupt sets the message that is shown when the first signal comes.
func (a *app) sayOnInterrupt(words string) {
	if !a.global.quiet {
		a.farewell.Store(&words)
	}
}
