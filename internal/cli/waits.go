package cli

import (
	"fmt"
	"sync/atomic"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
)

// waitRelay takes the waits of clients and stores to whoever shows them. Before
// anybody does, they are dropped.
type waitRelay struct {
	show atomic.Pointer[func(gondola.Event)]
}

// to sets who shows waits from now on; nil drops them.
func (r *waitRelay) to(show func(gondola.Event)) { r.show.Store(&show) }

func (r *waitRelay) announce(w fault.Wait) {
	if show := r.show.Load(); show != nil && *show != nil {
		(*show)(gondola.WaitEvent{Wait: w})
	}
}

// tellWait tells of a wait, to people or programs, while no monitor does.
func (a *app) tellWait(e gondola.Event) {
	w, ok := e.(gondola.WaitEvent)
	if !ok {
		return
	}
	if a.format == formatJSON {
		a.json(waitLine{"wait", a.redact(w.Reason), w.Until.UTC()})
	}
	fmt.Fprintln(a.talk(), a.redact(cell(waiting(w, a.now()))))
}
