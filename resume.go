package gondola

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// open loads the session or begins one, and settles which account it goes to.
func (r *run) open(ctx context.Context) error {
	s, err := r.load(ctx)
	if err != nil {
		return err
	}
	r.session = s
	if err := r.settleAccount(ctx); err != nil {
		return err
	}
	if err := r.saveSession(); err != nil {
		return err
	}
	if err := r.renewStale(ctx); err != nil {
		return err
	}
	counts, err := r.opt.Backend.Counts(ctx, s.ID)
	if err != nil {
		return err
	}
	r.found = counts.Total
	r.metrics.begin(counts)
	return nil
}

// load returns the stored session, or a new one that is not stored yet, and
// settles the window. It refuses a session that answers another question.
func (r *run) load(ctx context.Context) (*state.Session, error) {
	s, err := r.opt.Backend.Session(ctx, r.id)
	if errors.Is(err, state.ErrNotFound) {
		r.window = r.opt.Window
		return r.newSession(), nil
	}
	if err != nil {
		return nil, err
	}
	if err := fit(s); err != nil {
		return nil, err
	}
	r.adopting = s.Window == nil
	if r.window, err = s.CaptureWindow(); err != nil {
		return nil, err
	}
	if err := r.checkQuestion(ctx, s); err != nil {
		return nil, err
	}
	r.explainBatchSize(s)
	return s, nil
}

// fit refuses a session that must not be changed: one of a newer version, whose
// documents this one may misread, and one whose copying broke off, since items
// that it lacks would be taken for new.
func fit(s *state.Session) error {
	switch {
	case s.SchemaVersion > state.SchemaVersion:
		return &fault.Error{
			Class: fault.Session, Code: fault.State,
			Op:   fmt.Sprintf("session %s has schema version %d, this gondola knows up to %d", s.ID, s.SchemaVersion, state.SchemaVersion),
			Hint: "go on with the newer gondola, or name another session with --session-id",
		}
	case s.Copying:
		return &fault.Error{
			Class: fault.Session, Code: fault.State,
			Op:   fmt.Sprintf("session %s is not whole: its copying has not come to an end", s.ID),
			Hint: "copy it again, which begins anew, or use the original; gondola sessions rm removes what is here",
		}
	}
	return nil
}

func (r *run) newSession() *state.Session {
	s := state.NewSession(r.id, r.opt.Window, r.began)
	s.BatchSize = r.opt.BatchSize
	s.From, s.To = r.from, r.to
	s.Album = r.opt.Album
	s.Quality = quality(r.opt.Quality)
	s.Filter = r.opt.Filter
	return s
}

// explainBatchSize tells where a stored session keeps another batch size than
// was asked for.
func (r *run) explainBatchSize(s *state.Session) {
	if r.asked.BatchSize > 0 && s.BatchSize != r.asked.BatchSize {
		r.notice("session %s keeps its batch size %d; you asked for %d (another --session-id starts another session)", s.ID, s.BatchSize, r.asked.BatchSize)
	}
}

// settleAccount makes sure that a session never spreads over two accounts.
func (r *run) settleAccount(ctx context.Context) error {
	account, err := accountOf(ctx, r.opt.Destination, r.opt.Backend, r.session)
	if err != nil {
		return err
	}
	r.account, r.session.Account = account, account
	return nil
}

// accountOf returns the destination's account, or a fault if the session
// carries into another one.
func accountOf(ctx context.Context, to station.Destination, b state.Backend, s *state.Session) (string, error) {
	account, err := to.Account(ctx)
	if err != nil || s.Account == "" || s.Account == account {
		return account, err
	}
	same, err := sameAccount(ctx, to, b, s.ID)
	if err == nil && !same {
		err = &fault.Error{
			Class: fault.Session, Code: fault.Auth,
			Op:   fmt.Sprintf("session %s carries into another account of %s than the one logged in", s.ID, s.To),
			Hint: "log in with the account it began with, or name another session with --session-id",
		}
	}
	return account, err
}

// mostAsked is how many items of a session sameAccount asks for.
const mostAsked = 5

// sameAccount asks the destination for items of the session: another login of
// the same account can see them, unless they were deleted there; another
// account cannot.
func sameAccount(ctx context.Context, to station.Destination, b state.Backend, session string) (bool, error) {
	ids, err := someArrived(ctx, b, session, min(mostAsked, to.Limits().Batch))
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

// someArrived returns the destination's ids of the first few items of a session
// that have one.
func someArrived(ctx context.Context, b state.Backend, session string, most int) (ids []string, err error) {
	for it, err := range b.Items(ctx, session, state.ItemQuery{}) {
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

// renewStale sends items whose receipt is too old to be spent back to transfer.
func (r *run) renewStale(ctx context.Context) error {
	for it, err := range r.opt.Backend.Items(ctx, r.id, state.ItemQuery{Awaiting: state.Create}) {
		if err != nil {
			return err
		}
		if it.Receipt != nil && !r.stale(*it.Receipt) || r.givenUp(it) {
			continue
		}
		carryAgain(it)
		if err := r.saveItem(it); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) stale(receipt station.Receipt) bool {
	expirer, ok := r.opt.Destination.(station.Expirer)
	return ok && expirer.Stale(receipt)
}

// carryAgain forgets an upload, so that the item awaits transfer.
func carryAgain(it *state.Item) {
	it.Transfer, it.Create = state.Pending, state.Pending
	it.Receipt, it.Checkpoint = nil, nil
	it.Carried, it.SHA256, it.CarriedAt = 0, "", time.Time{}
	it.CarriedAgain++
}

// maxCarriedAgain bounds how often an item is carried anew because the
// destination would not register it.
const maxCarriedAgain = 2

// givenUp tells that the destination has refused the item's bytes for good so
// often that carrying them again would only waste the line.
func (r *run) givenUp(it *state.Item) bool {
	e, failed := it.Errors[state.Create]
	return failed && e.Class == fault.Item && it.CarriedAgain >= maxCarriedAgain
}
