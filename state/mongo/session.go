package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// session is one session of the store.
type session struct {
	b  *store
	id string
}

func (b *store) session(id string) session { return session{b, id} }

func (s session) op(what string) string { return fmt.Sprintf("%s session %q", what, s.id) }

// read answers a question about a stored session: from its documents if Gondola
// wrote all that q looks at as this version does, otherwise from a view. That is
// the view of the question before if q goes on with it.
func read[T any](ctx context.Context, s session, what string, q driver.Query, stored func(context.Context) (T, error), viewed func(*q2google.Session) (T, error)) (answer T, err error) {
	err = s.b.ask(ctx, s.op(what), func(ctx context.Context) error {
		v, err := s.view(ctx, q)
		switch {
		case err != nil:
		case v != nil:
			answer, err = viewed(v)
		default:
			answer, err = stored(ctx)
		}
		return err
	})
	return answer, err
}

// view returns nil if a question is answered from the documents.
func (s session) view(ctx context.Context, q driver.Query) (*q2google.Session, error) {
	if s.isSettled() {
		return nil, nil
	}
	h, err := s.header(ctx)
	if err != nil {
		return nil, err
	}
	if ours, err := s.isOurs(ctx, h, q); ours || err != nil {
		return nil, err
	}
	if last, ok := s.b.views.Load(s.id); ok && q.After > 0 {
		return last.(*q2google.Session), nil
	}
	v, err := s.readWhole(ctx, h)
	if err == nil {
		s.b.views.Store(s.id, v)
	}
	return v, err
}

// change runs one change of a session, stored or not, unless another process has
// taken the session over.
func (s session) change(ctx context.Context, what string, do func(context.Context) error) error {
	return s.b.call(ctx, s.op(what), func(ctx context.Context) error {
		if err := s.b.Check(ctx, s.id); err != nil {
			return err
		}
		if err := s.b.prepare(ctx); err != nil {
			return err
		}
		return do(ctx)
	})
}

// settle makes sure that the session is there and as this version writes it.
func (s session) settle(ctx context.Context) error {
	if s.isSettled() {
		return nil
	}
	token := s.b.Token(s.id)
	h, err := s.header(ctx)
	if err != nil {
		return err
	}
	if err := s.finishRenaming(ctx); err != nil {
		return err
	}
	ours, err := s.isOurs(ctx, h, driver.Query{})
	if err == nil && ours {
		ours, err = s.isBeyond(ctx)
	}
	if err == nil && !ours {
		err = s.adopt(ctx, h)
	}
	if err == nil {
		err = s.fillCaptured(ctx)
	}
	if err != nil {
		return err
	}
	s.b.settled.Store(s.id, token)
	s.b.views.Delete(s.id)
	return nil
}

// isSettled reports whether nothing has to be found out: while this backend holds
// the session's lease, no other one changes it.
func (s session) isSettled() bool {
	token := s.b.Token(s.id)
	settled, _ := s.b.settled.Load(s.id)
	return token != "" && settled == token
}

// forget makes the next use ask anew.
func (s session) forget() {
	s.b.settled.Delete(s.id)
	s.b.views.Delete(s.id)
}

// isOurs reports whether Gondola wrote the header and all items, and, if q needs
// it, when each of them was captured.
func (s session) isOurs(ctx context.Context, header bson.Raw, q driver.Query) (bool, error) {
	if !isOurs(header) {
		return false, nil
	}
	strange := bson.A{pairs(fieldSession, s.id, fieldSeq, nil)}
	if q.Order == driver.ByCaptured || q.From != "" || q.Until != "" {
		strange = append(strange, s.uncaptured())
	}
	stray, err := exists(ctx, s.b.items(), pairs("$or", strange))
	return !stray, err
}

// isOurs reports whether Gondola wrote a document last.
func isOurs(raw bson.Raw) bool { return raw.Lookup("gondola").Type == bson.TypeEmbeddedDocument }

// isBeyond reports whether no finished batch has a number that q2google counts to.
func (s session) isBeyond(ctx context.Context) (bool, error) {
	within, err := exists(ctx, s.b.batches(), pairs(fieldSession, s.id, fieldBatch, inReach, fieldStatus, "completed"))
	return !within, err
}
