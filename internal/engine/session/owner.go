package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// Settle makes sure that a session never spreads over two accounts, and sets its
// Account.
func (s *Session) Settle(ctx context.Context, to station.Destination) error {
	account, err := to.Account(ctx)
	if err == nil && s.header.Account != "" && s.header.Account != account {
		err = s.refuseAccount(ctx, to)
	}
	if err == nil && s.header.Account == "" && s.derived {
		err = s.checkPlace(ctx, to, account)
	}
	if err != nil {
		return err
	}
	s.Account, s.header.Account = account, account
	return nil
}

func (s *Session) refuseAccount(ctx context.Context, to station.Destination) error {
	if _, certain := to.(station.Recaller); certain {
		return otherPlace(s.ID, s.header.To)
	}
	same, err := s.sameAccount(ctx, to)
	if err != nil || same {
		return err
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op:   fmt.Sprintf("session %s carries into another account of %s than the one logged in", s.ID, s.header.To),
		Hint: "log in with the account it began with, or name another session with --session-id",
	}
}

func otherPlace(id, to string) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op:   fmt.Sprintf("session %s carries into another %s than the one that is there now", id, to),
		Hint: "see that the right disk is there, or begin anew with another --session-id: nothing that lies there is carried again",
	}
}

// checkPlace refuses a new session into a place that sessions on record know as
// another one, as it is where a disk is not mounted.
func (s *Session) checkPlace(ctx context.Context, to station.Destination, account string) error {
	if _, certain := to.(station.Recaller); !certain {
		return nil
	}
	other := ""
	for h, err := range s.backend.Sessions(ctx) {
		switch {
		case err != nil:
			return err
		case h.To != s.header.To || h.Account == "":
		case h.Account == account:
			return nil
		default:
			other = h.ID
		}
	}
	if other == "" {
		return nil
	}
	return otherPlace(other, s.header.To)
}

// mostAsked is how many items of a session sameAccount asks for.
const mostAsked = 5

// sameAccount asks the destination for items of the session: another login of
// the same account can see them, unless they were deleted there; another
// account cannot.
func (s *Session) sameAccount(ctx context.Context, to station.Destination) (bool, error) {
	ids, err := s.someArrived(ctx, min(mostAsked, to.Limits().Batch))
	if err != nil || len(ids) == 0 {
		return err == nil, err
	}
	inspector, ok := to.(station.Inspector)
	if !ok {
		return false, nil
	}
	held, err := inspector.Inspect(ctx, ids)
	return slices.ContainsFunc(held, func(h *station.RemoteItem) bool { return h != nil }), err
}

// someArrived returns the destination's ids of the first few items that have one.
func (s *Session) someArrived(ctx context.Context, most int) (ids []string, err error) {
	for it, err := range s.Items(ctx, state.Query{}) {
		if err != nil {
			return nil, err
		}
		if id := it.DestinationID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if len(ids) == most {
			break
		}
	}
	return ids, nil
}

// originOf returns the source's origin; "" if it cannot be had now, unless
// credentials are why.
func originOf(ctx context.Context, source station.Source) (string, error) {
	origin, err := source.Origin(ctx)
	switch {
	case err == nil:
		return origin, nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case fault.CodeOf(err) == fault.Auth:
		return "", err
	}
	return "", nil
}

// originTime is how long a session may be held up by a source that does not say
// which origin it is.
const originTime = 30 * time.Second

// CheckOrigin refuses a session of another origin than the source's. What the
// source does not say now, listing it will.
func (s *Session) CheckOrigin(ctx context.Context, source station.Source) error {
	stored := s.Header().Origin
	if stored == "" {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, originTime)
	defer cancel()
	origin, err := originOf(limited, source)
	if err != nil || origin == "" || origin == stored {
		return ctx.Err()
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op:   fmt.Sprintf("session %s carries from another account of %s than the one logged in", s.ID, s.header.From),
		Hint: "log in with the account it began with, or name another session with --session-id",
	}
}

// LearnOrigin stores the origin of the source in a session that does not know it
// yet. An origin that cannot be had now is learned by a later run: it is no error,
// unless credentials are why.
func (s *Session) LearnOrigin(ctx context.Context, source station.Source) error {
	if s.Header().Origin != "" {
		return nil
	}
	origin, err := originOf(ctx, source)
	if err != nil || origin == "" {
		return err
	}
	return s.Update(func(h *state.Session) { h.Origin = origin })
}
