package cli

import (
	"fmt"
	"sync/atomic"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/progress"
)

// waitRelay passes the waits of clients and stores to what shows them. While
// nothing does, they are dropped.
type waitRelay struct {
	show atomic.Pointer[func(fault.Wait)]
}

// to sets what shows waits from now on; nil drops them.
func (r *waitRelay) to(show func(fault.Wait)) { r.show.Store(&show) }

func (r *waitRelay) announce(w fault.Wait) {
	if show := r.show.Load(); show != nil && *show != nil {
		(*show)(w)
	}
}

// showWait shows a wait while no monitor does.
func (a *app) showWait(w fault.Wait) {
	a.print.JSON(waitLine{"wait", waitObject{a.redact(w.Reason), w.Until.UTC()}})
	fmt.Fprintln(a.talk(), a.redact(cell(waiting(progress.Wait{Reason: w.Reason, Until: w.Until}, a.now()))))
}

// waitsOnly is a watcher that shows waits.
type waitsOnly struct{ a *app }

func (s waitsOnly) event(e progress.Event) {
	if w, ok := e.(progress.Wait); ok {
		s.a.showWait(fault.Wait(w))
	}
}
func (waitsOnly) tick(progress.Snapshot) {}
func (waitsOnly) close()                 {}
