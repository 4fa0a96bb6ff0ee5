package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/state"
)

// looked is how many items of a session tell whether the ledger knows their bytes.
const looked = 50

// doubt explains that an item whose bytes were not found may be at the place all the
// same: earlier versions recorded the bytes of what came from folders only.
func (a *auditor) doubt(ctx context.Context, p *place, f *finding) error {
	if !p.surveyed {
		p.surveyed = true
		for _, id := range p.others {
			known, err := a.bytesKnown(ctx, p, id)
			if err != nil {
				return err
			}
			if !known {
				p.undigested = append(p.undigested, id)
			}
		}
	}
	for _, id := range p.undigested {
		f.explain(p, fmt.Sprintf("session %s may have carried it: its bytes are not on record", id))
	}
	return nil
}

// bytesKnown reports whether the ledger knows the bytes of what a session carried to
// a place, by its first items, and gives notice if it does not.
func (a *auditor) bytesKnown(ctx context.Context, p *place, session string) (bool, error) {
	sums, err := a.firstSums(ctx, session)
	if err != nil {
		return false, err
	}
	to := strings.TrimSuffix(p.Name, ":")
	for _, sum := range sums {
		if sum == "" {
			a.Notice(fmt.Sprintf("Session %s was begun by a program that kept no SHA-256: what it carried to %s is not recognised in other places. "+
				"A sync sends it again, and the library keeps equal bytes once", session, to))
			return false, nil
		}
		_, err := a.Backend.Recall(ctx, p.Account, lifecycle.BytesKey(sum))
		if errors.Is(err, state.ErrNotFound) {
			a.Notice(fmt.Sprintf("Session %s is of an earlier version, which did not record the bytes of what it carried to %s: it is not recognised in other places. "+
				"`gondola verify %s` records them", session, to, session))
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// firstSums returns the SHA-256 of the first items that a session created.
func (a *auditor) firstSums(ctx context.Context, session string) (sums []string, err error) {
	for it, err := range a.Backend.Items(ctx, session, state.Query{Outcome: state.OutcomeCreated, Limit: looked}) {
		if err != nil {
			return nil, err
		}
		sums = append(sums, it.SHA256)
	}
	return sums, nil
}
