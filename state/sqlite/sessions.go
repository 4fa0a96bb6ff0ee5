package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// on names an operation on a session, to be followed by the path.
func on(op, id string) string { return fmt.Sprintf("%s session %q in", op, id) }

// checkID returns a fault for an id that not every database can hold.
func checkID(id string) error {
	why := ""
	switch {
	case id == "":
		why = "it is empty"
	case !utf8.ValidString(id):
		why = "it is not valid UTF-8"
	case strings.ContainsRune(id, 0):
		why = "it contains a zero byte"
	default:
		return nil
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: fmt.Sprintf("use session id %q", id),
		Err: errors.New(why), Hint: "choose another session id",
	}
}

// change runs one transaction that changes a stored session, unless another
// process has taken the session over.
func (b *Backend) change(ctx context.Context, op, id string, do func(t *tx, session int64) error) error {
	return b.guarded(ctx, op, id, func(t *tx) error {
		session, err := t.session(id)
		if err != nil {
			return err
		}
		return do(t, session)
	})
}

// guarded runs one transaction on behalf of a session, unless another process
// has taken the session over.
func (b *Backend) guarded(ctx context.Context, op, id string, do func(t *tx) error) error {
	if err := b.keeper.Check(ctx, id); err != nil {
		return err
	}
	return b.write(ctx, on(op, id), b.underLease(id, do))
}

// underLease returns a transaction that fails if another process has taken the
// session over.
func (b *Backend) underLease(id string, do func(t *tx) error) func(t *tx) error {
	token := b.keeper.Token(id)
	if token == "" {
		return do
	}
	return func(t *tx) error {
		var holder string
		_, err := t.row("SELECT token FROM lease WHERE session = ?", []any{id}, &holder)
		if err == nil && holder != token {
			err = lease.Lost(id)
		}
		if err != nil {
			return err
		}
		return do(t)
	}
}

// session returns the number by which the rows of a session know it.
func (t *tx) session(id string) (number int64, err error) {
	found, err := t.row("SELECT number FROM session WHERE id = ?", []any{id}, &number)
	if err == nil && !found {
		err = state.ErrNotFound
	}
	return number, err
}

// Session returns a session's header.
func (b *Backend) Session(ctx context.Context, id string) (*state.Session, error) {
	var document string
	err := b.one(ctx, on("read", id), "SELECT document FROM session WHERE id = ?", []any{id}, &document)
	if err != nil {
		return nil, err
	}
	s, _, err := state.DecodeSession([]byte(document))
	if err == nil && s.ID != id {
		err = fmt.Errorf("it says that it is session %q", s.ID)
	}
	if err != nil {
		return nil, b.corrupt(fmt.Sprintf("the header of session %q", id), err)
	}
	return s, nil
}

// one reads the only row of an answer, or returns state.ErrNotFound.
func (b *Backend) one(ctx context.Context, op, query string, args []any, dest ...any) error {
	found := false
	err := b.read(ctx, op, query, args, func(r row) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		err = state.ErrNotFound
	}
	return err
}

// PutSession stores a session's header and sets its UpdatedAt.
func (b *Backend) PutSession(ctx context.Context, s *state.Session) error {
	if err := checkID(s.ID); err != nil {
		return err
	}
	stored := *s
	stored.UpdatedAt = b.now().UTC().Truncate(time.Microsecond)
	document, err := compact(state.EncodeSession(&stored))
	if err != nil {
		return refused(fmt.Sprintf("the header of session %q", s.ID), err)
	}
	err = b.guarded(ctx, "store", s.ID, func(t *tx) error {
		return t.exec(`INSERT INTO session (id, updated_at, document) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, document = excluded.document`,
			s.ID, stamp(stored.UpdatedAt), document)
	})
	if err == nil {
		s.UpdatedAt = stored.UpdatedAt
	}
	return err
}

// stamp writes a time so that text sorts as times do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// compact returns a document without the white space that it is encoded with.
func compact(document []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, document); err != nil {
		return "", err
	}
	return b.String(), nil
}

// Sessions lists headers, most recently updated first.
func (b *Backend) Sessions(ctx context.Context) iter.Seq2[*state.Session, error] {
	return func(yield func(*state.Session, error) bool) {
		var ids []string
		err := b.read(ctx, "list sessions in", "SELECT id FROM session WHERE id IS NOT NULL ORDER BY updated_at DESC, id", nil,
			func(r row) error {
				ids = append(ids, "")
				return r.Scan(&ids[len(ids)-1])
			})
		if err != nil {
			yield(nil, err)
			return
		}
		for _, id := range ids {
			s, err := b.Session(ctx, id)
			switch {
			case errors.Is(err, state.ErrNotFound):
				continue // deleted meanwhile
			case ctx.Err() != nil:
				yield(nil, ctx.Err())
				return
			case err != nil:
				s = &state.Session{ID: id}
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
