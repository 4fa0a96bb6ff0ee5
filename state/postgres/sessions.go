package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/state"
)

// sessionPage is how many headers of a listing are in memory at a time.
const sessionPage = 100

// storable reports whether the database can hold a text.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// compact returns a document in one line.
func compact(document []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var line bytes.Buffer
	err = json.Compact(&line, document)
	return line.String(), err
}

// Session returns a session's header.
func (b *Backend) Session(ctx context.Context, id string) (*state.Session, error) {
	if !storable(id) {
		return nil, notStorable(b.usable(ctx))
	}
	documents, err := query(ctx, b, readOp(id), pgx.RowTo[[]byte], `SELECT document FROM gondola.sessions WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	if len(documents) == 0 {
		return nil, state.ErrNotFound
	}
	return b.decodeSession(id, documents[0])
}

func readOp(session string) string { return fmt.Sprintf("read session %q", session) }

// notStorable is the answer to who looks for what the database cannot hold.
func notStorable(err error) error {
	if err != nil {
		return err
	}
	return state.ErrNotFound
}

func (b *Backend) decodeSession(id string, document []byte) (*state.Session, error) {
	s, _, err := state.DecodeSession(document)
	if err == nil && s.ID != id {
		err = fmt.Errorf("it is that of session %q", s.ID)
	}
	if err != nil {
		return nil, b.damaged(fmt.Sprintf("the header of session %q", id), err)
	}
	return s, nil
}

// PutSession stores a session's header and sets its UpdatedAt.
func (b *Backend) PutSession(ctx context.Context, s *state.Session) error {
	op := fmt.Sprintf("store session %q", s.ID)
	stored := *s
	stored.UpdatedAt = b.now().UTC().Truncate(time.Microsecond)
	document, err := compact(state.EncodeSession(&stored))
	if err == nil && !storable(s.ID) {
		err = errText
	}
	if err != nil {
		return b.fault(op, err)
	}
	err = b.changeSession(ctx, s.ID, op, func(_ context.Context, t *tx) error {
		t.exec(`INSERT INTO gondola.sessions (id, updated, document) VALUES ($1, $2, $3::text::json)
			ON CONFLICT (id) DO UPDATE SET updated = excluded.updated, document = excluded.document`,
			s.ID, stored.UpdatedAt, document)
		return nil
	})
	if err == nil {
		s.UpdatedAt = stored.UpdatedAt
	}
	return err
}

// Sessions lists headers, most recently updated first. What it lists is settled
// when it begins, so that a session updated meanwhile neither comes twice nor
// is left out.
func (b *Backend) Sessions(ctx context.Context) iter.Seq2[*state.Session, error] {
	return func(yield func(*state.Session, error) bool) {
		const op = "list sessions"
		all, err := query(ctx, b, op, pgx.RowTo[int64], `SELECT num FROM gondola.sessions ORDER BY updated DESC, id`)
		for page := range slices.Chunk(all, sessionPage) {
			if err != nil {
				break
			}
			var headers []header
			headers, err = query(ctx, b, op, pgx.RowToStructByPos[header], `SELECT s.id, s.document
				FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (num, place) JOIN gondola.sessions s USING (num)
				ORDER BY place`, page)
			for _, h := range headers {
				s, err := b.decodeSession(h.ID, h.Document)
				if err != nil {
					s = &state.Session{ID: h.ID}
				}
				if !yield(s, err) {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

type header struct {
	ID       string
	Document []byte
}

// DeleteSession removes a session with its items and batches. It returns a
// *state.LockedError if another backend holds the session.
func (b *Backend) DeleteSession(ctx context.Context, id string) error {
	if err := b.exists(ctx, id); err != nil {
		return err
	}
	if b.keeper.Token(id) == "" {
		lock, err := b.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	attempts := 0
	bounds := limits{attempt: 10 * time.Minute, patience: b.patience} // a million items take their time
	return b.doWithin(ctx, bounds, fmt.Sprintf("delete session %q", id), func(ctx context.Context) error {
		attempts++
		deleted := int64(0)
		err := b.transactHeld(ctx, id, func(ctx context.Context, t *tx) error {
			t.exec(`DELETE FROM gondola.sessions WHERE id = $1`, id).Exec(rowsInto(&deleted))
			return nil
		})
		if err == nil && deleted == 0 && attempts == 1 {
			return state.ErrNotFound
		}
		return err
	})
}

// exists returns ErrNotFound if there is no such session.
func (b *Backend) exists(ctx context.Context, id string) error {
	if !storable(id) {
		return notStorable(b.usable(ctx))
	}
	found, err := query(ctx, b, readOp(id), pgx.RowTo[int64], `SELECT num FROM gondola.sessions WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = state.ErrNotFound
	}
	return err
}

// Counts sums up the session's items.
func (b *Backend) Counts(ctx context.Context, id string) (state.Counts, error) {
	sum := state.Counts{Outcomes: map[state.Outcome]int{}}
	if !storable(id) {
		return sum, notStorable(b.usable(ctx))
	}
	parts, err := query(ctx, b, readOp(id), pgx.RowToStructByPos[count], `SELECT coalesce(c.outcome, ''),
			coalesce(sum(c.items), 0)::bigint, coalesce(sum(c.bytes), 0)::bigint, coalesce(sum(c.carried), 0)::bigint
		FROM gondola.sessions s LEFT JOIN gondola.counts c ON c.session = s.num WHERE s.id = $1 GROUP BY c.outcome`, id)
	if err == nil && len(parts) == 0 {
		err = state.ErrNotFound
	}
	for _, c := range parts {
		sum.Total += int(c.Items)
		sum.Bytes += c.Bytes
		sum.Carried += c.Carried
		if c.Items != 0 {
			sum.Outcomes[state.Outcome(c.Outcome)] = int(c.Items)
		}
	}
	return sum, err
}

// count is what the items of one outcome sum up to.
type count struct {
	Outcome               string
	Items, Bytes, Carried int64
}
