package mongo

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// session is one session in use. What has been found out about it counts while
// this backend holds its lease; otherwise it is asked anew each time, since
// others may change it.
type session struct {
	b    *store
	id   string
	turn chan struct{} // holds one token; whoever takes it changes the session

	// Guarded by Backend.mu:
	settled string // token of the lease under which it is known to be there and ours
	last    int64  // Seq of the item found last; 0 if it has to be asked for
	all     *survey
}

// surveyed returns the survey made last, nil if there is none.
func (s *session) surveyed() *survey {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.all
}

func (s *session) setSurveyed(all *survey) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.all = all
}

func (b *store) session(id string) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[id]
	if s == nil {
		s = &session{b: b, id: id, turn: make(chan struct{}, 1)}
		s.turn <- struct{}{}
		b.sessions[id] = s
	}
	return s
}

// errText is why a text is refused.
var errText = errors.New("MongoDB keeps only valid UTF-8 in its texts")

func validText(text string) bool { return utf8.ValidString(text) }

func (s *session) op(what string) string { return fmt.Sprintf("%s session %q", what, s.id) }

// read runs one question about a stored session. If q2google wrote any of it,
// items have to be looked for in the survey that is given then.
func (s *session) read(ctx context.Context, what string, do func(context.Context, *survey) error) error {
	return s.readOn(ctx, what, false, do)
}

// readOn is read, with the survey of the question before if it goes on with that.
// The survey is also needed if an item is as one of the further conditions says.
func (s *session) readOn(ctx context.Context, what string, goesOn bool, do func(context.Context, *survey) error, but ...bson.D) error {
	return s.b.call(ctx, s.op(what), func(ctx context.Context) error {
		if s.isSettled() {
			return do(ctx, nil)
		}
		h, err := s.header(ctx)
		if err != nil {
			return err
		}
		ours, err := s.isOurs(ctx, h, but...)
		if err != nil {
			return err
		}
		if ours {
			return do(ctx, nil)
		}
		all := s.surveyed()
		if all == nil || !goesOn {
			if all, err = s.survey(ctx, h); err != nil {
				return err
			}
			s.setSurveyed(all)
		}
		return do(ctx, all)
	})
}

// inTurn runs one change of a session, stored or not, unless another process
// has taken the session over.
func (s *session) inTurn(ctx context.Context, what string, do func(context.Context) error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.turn <- struct{}{} }()
	return s.b.call(ctx, s.op(what), func(ctx context.Context) error {
		if err := s.b.keeper.Check(ctx, s.id); err != nil {
			return err
		}
		if err := s.b.prepare(ctx); err != nil {
			return err
		}
		return do(ctx)
	})
}

// settle makes sure that the session is there and as Gondola writes it.
func (s *session) settle(ctx context.Context) error {
	if s.isSettled() {
		return nil
	}
	token := s.b.keeper.Token(s.id)
	h, err := s.header(ctx)
	if err != nil {
		return err
	}
	ours, err := s.isOurs(ctx, h, pairs(fieldFile, standsAside))
	if err == nil && !ours {
		if err = s.finishRenaming(ctx); err == nil {
			ours, err = s.isOurs(ctx, h)
		}
	}
	if err == nil && ours {
		var within bool
		within, err = exists(ctx, s.b.batches(), pairs(fieldSession, s.id, fieldBatch, inReach, fieldStatus, "completed"))
		ours = !within
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
	s.settled, s.last, s.all = token, 0, nil
	return nil
}

func (s *session) isSettled() bool {
	token := s.b.keeper.Token(s.id)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return token != "" && s.settled == token
}

// forget makes the next use ask anew.
func (s *session) forget() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.settled, s.last, s.all = "", 0, nil
}

// isOurs reports whether Gondola wrote the header and all items, and none of
// them is as one of the further conditions says.
func (s *session) isOurs(ctx context.Context, h *header, but ...bson.D) (bool, error) {
	if !h.ours {
		return false, nil
	}
	strange := bson.A{}
	for _, condition := range append(but, pairs(fieldSeq, nil)) {
		strange = append(strange, append(pairs(fieldSession, s.id), condition...))
	}
	stray, err := exists(ctx, s.b.items(), pairs("$or", strange))
	return !stray, err
}

// lastSeq returns the Seq of the item found last, 0 if there is none.
func (s *session) lastSeq(ctx context.Context) (int64, error) {
	s.b.mu.Lock()
	last := s.last
	s.b.mu.Unlock()
	if last > 0 && s.isSettled() {
		return last, nil
	}
	var doc struct{ Gondola struct{ Seq int64 } }
	err := s.b.items().FindOne(ctx, pairs(fieldSession, s.id),
		options.FindOne().SetSort(pairs(fieldSeq, -1)).SetProjection(pairs(fieldSeq, 1))).Decode(&doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = nil
	}
	return doc.Gondola.Seq, err
}

func (s *session) setLastSeq(last int64) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.last = last
}

func exists(ctx context.Context, c *mongo.Collection, filter bson.D) (bool, error) {
	err := c.FindOne(ctx, filter, options.FindOne().SetProjection(pairs(fieldID, 1))).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}
