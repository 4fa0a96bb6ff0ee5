package engine

import (
	"context"
	"fmt"

	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/station"
)

// lockDestination takes a destination into which one run at a time may carry.
func (r *Run) lockDestination(ctx context.Context) error {
	locker, ok := r.o.Destination.(station.Locker)
	if !ok {
		return nil
	}
	unlock, err := locker.Lock(ctx)
	if err == nil {
		r.unlock = unlock
	}
	return err
}

// mostAltered is how many changed items a run names.
const mostAltered = 10

// lookAgain looks, where that costs little, at what the session holds as arrived:
// what is gone awaits its transfer again.
func (r *Run) lookAgain(ctx context.Context) error {
	if _, ok := r.o.Destination.(station.Recaller); !ok {
		return nil
	}
	altered := 0
	err := verify.New(verify.Options{
		Destination: r.o.Destination, Store: r.session, Log: r.o.Log, SendBack: true, Waiting: r.monitor.Waiting,
		Each: func(it verify.Item) error {
			if it.Verdict != verify.Altered {
				return nil
			}
			if altered++; altered <= mostAltered {
				r.altered = append(r.altered, fmt.Sprintf("%s was changed at the destination and stays as it is there", it.Item.DestinationID))
			}
			return nil
		},
	}).Run(ctx)
	if altered > mostAltered {
		r.altered = append(r.altered, fmt.Sprintf("%d more items were changed at the destination: a verification names them all", altered-mostAltered))
	}
	return err
}

// recaller returns what the destination knows by itself, or nil.
func recaller(d station.Destination) station.Recaller {
	r, _ := d.(station.Recaller)
	return r
}

// digester returns the Digester that identifies the bytes of items before they are carried, or nil.
func digester(s station.Source) station.Digester {
	d, _ := s.(station.Digester)
	return d
}
