package cli

import (
	"sync/atomic"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/media"
)

// waitRelay takes the waits of clients to whoever shows them. Before anybody
// does, they are dropped.
type waitRelay struct {
	show atomic.Pointer[func(gondola.Event)]
}

func (r *waitRelay) to(show func(gondola.Event)) { r.show.Store(&show) }

func (r *waitRelay) announce(w media.Wait) {
	if show := r.show.Load(); show != nil {
		(*show)(gondola.WaitEvent{Wait: w})
	}
}
