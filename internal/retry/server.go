package retry

import (
	"context"
	"math"
	"sync/atomic"
)

// Server is one that is waited for once: after it was waited for in vain, each
// operation is tried once until one gets through, so that the operations that
// end a run do not each wait the whole time again. The zero Server is ready.
type Server struct {
	gone atomic.Bool // it was waited for in vain and has not answered since
}

// Do is [Do] with as many attempts as fit into the policy's budget.
func (s *Server) Do(ctx context.Context, p Policy, op func(context.Context) error) error {
	p.Attempts = math.MaxInt32
	if s.gone.Load() {
		p.Attempts = 1
	}
	err := Do(ctx, p, op)
	if ctx.Err() == nil {
		s.gone.Store(err != nil)
	}
	return err
}
