package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/internal/engine/verify"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// VerifyOptions say which session to verify. All are required but Wait and Publish.
type VerifyOptions struct {
	SessionID   string
	Destination station.Destination
	Backend     state.Backend
	Wait        time.Duration
	Publish     func(progress.Event)
	Log         *slog.Logger
}

// Verified is what a verification was about.
type Verified struct {
	From, To, Account string
	BeganAt           time.Time
	Listed            bool // the source was listed to a proven end
	Requests          map[string]int64
}

// Verify looks for every item of a session at the destination, calling each for
// every one, and stores it in the session if all are there. It returns nil if the
// session could not be opened.
func Verify(ctx context.Context, o VerifyOptions, each func(verify.Item) error) (*Verified, error) {
	if _, err := o.Backend.Session(ctx, o.SessionID); err != nil {
		return nil, fmt.Errorf("verify session %s: %w", o.SessionID, err)
	}
	lock, err := o.Backend.Lock(ctx, o.SessionID)
	if err != nil {
		return nil, err
	}
	found, err := verifyLocked(ctx, o, each)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return found, errors.Join(err, lock.Unlock())
}

func verifyLocked(ctx context.Context, o VerifyOptions, each func(verify.Item) error) (*Verified, error) {
	lasting, end := outlast(ctx)
	defer end()
	s, err := session.OpenStored(ctx, lasting, o.Backend, o.SessionID)
	if err != nil {
		return nil, err
	}
	header := s.Header()
	if err := s.Settle(ctx, o.Destination); err != nil {
		return nil, err
	}
	found := &Verified{
		From: header.From, To: header.To, Account: s.Account, BeganAt: time.Now().UTC(),
		Listed: !header.Foreign && header.Stages[state.Discovery] == state.Completed,
	}
	proven := found.Listed
	err = verify.New(verify.Options{
		Destination: o.Destination, Store: s, Wait: o.Wait, Log: o.Log,
		SendBack: header.Account != "", // or it is not known whether it went into this account
		Waiting:  monitor.New(o.Log, o.Publish).Waiting,
		Each: func(it verify.Item) error {
			proven = proven && (it.Verdict == verify.Verified || it.Verdict == verify.Skipped)
			return each(it)
		},
	}).Run(ctx)
	if err == nil && proven {
		err = s.Update(func(h *state.Session) { h.VerifiedAt = found.BeganAt })
	}
	found.Requests = requests(o.Destination)
	return found, err
}
