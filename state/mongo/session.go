package mongo

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/q2google"
)

// session is one session of the store.
type session struct {
	b  *store
	id string
}

func (b *store) session(id string) session { return session{b, id} }

func (s session) op(what string) string { return fmt.Sprintf("%s session %q", what, s.id) }

// errText is why a text is refused.
var errText = errors.New("MongoDB keeps only valid UTF-8 in its texts")

func validText(text string) bool { return utf8.ValidString(text) }

// read runs one question about a stored session. If q2google wrote any of it, or an
// item is as one of the further conditions says, the answer is in a view: that of
// the question before if this one goes on with it.
func (s session) read(ctx context.Context, what string, goesOn bool, do func(context.Context, *q2google.Session) error, but ...bson.D) error {
	return s.b.call(ctx, s.op(what), func(ctx context.Context) error {
		v, err := s.view(ctx, goesOn, but)
		if err != nil {
			return err
		}
		return do(ctx, v)
	})
}

// view returns nil if the session is as Gondola writes it.
func (s session) view(ctx context.Context, goesOn bool, but []bson.D) (*q2google.Session, error) {
	if s.isSettled() {
		return nil, nil
	}
	h, err := s.header(ctx)
	if err != nil {
		return nil, err
	}
	if ours, err := s.isOurs(ctx, h, but...); ours || err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	v := s.b.views[s.id]
	s.b.mu.Unlock()
	if v == nil || !goesOn {
		if v, err = s.readWhole(ctx, h); err != nil {
			return nil, err
		}
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.b.views[s.id] = v
	}
	return v, nil
}

// change runs one change of a session, stored or not, unless another process has
// taken the session over.
func (s session) change(ctx context.Context, what string, do func(context.Context) error) error {
	return s.b.call(ctx, s.op(what), func(ctx context.Context) error {
		err := s.b.keeper.Check(ctx, s.id)
		if err == nil {
			err = s.b.prepare(ctx)
		}
		if err == nil {
			err = do(ctx)
		}
		return err
	})
}

// settle makes sure that the session is there and as Gondola writes it.
func (s session) settle(ctx context.Context) error {
	if s.isSettled() {
		return nil
	}
	token := s.b.keeper.Token(s.id)
	h, err := s.header(ctx)
	if err == nil {
		err = s.finishRenaming(ctx)
	}
	var ours bool
	if err == nil {
		ours, err = s.isOurs(ctx, h)
	}
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
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.settled[s.id] = token
	delete(s.b.views, s.id)
	return nil
}

// isSettled reports whether nothing has to be found out: while this backend holds
// the session's lease, no other one changes it.
func (s session) isSettled() bool {
	token := s.b.keeper.Token(s.id)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return token != "" && s.b.settled[s.id] == token
}

// forget makes the next use ask anew.
func (s session) forget() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	delete(s.b.settled, s.id)
	delete(s.b.views, s.id)
}

// isOurs reports whether Gondola wrote the header and all items, and none of them
// is as one of the further conditions says.
func (s session) isOurs(ctx context.Context, header bson.Raw, but ...bson.D) (bool, error) {
	if !isOurs(header) {
		return false, nil
	}
	strange := bson.A{}
	for _, condition := range append(but, pairs(fieldSeq, nil)) {
		strange = append(strange, append(pairs(fieldSession, s.id), condition...))
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

// exists reports whether a filter selects a document.
func exists(ctx context.Context, c *mongo.Collection, filter bson.D) (bool, error) {
	err := c.FindOne(ctx, filter, options.FindOne().SetProjection(pairs(fieldID, 1))).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}
