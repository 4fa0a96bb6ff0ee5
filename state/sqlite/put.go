package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
)

// put is one item to be stored.
type put struct {
	it       *state.Item
	seq      int64
	holder   int64 // Seq of the item that has the name so far; 0 for none
	document string
}

// PutItems stores items in one transaction; those that have not changed are not
// written. Names may be exchanged among the items of one call.
func (b *Backend) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	var puts []*put
	err := b.change(ctx, "store items of", id, func(t *tx, session int64) (err error) {
		if puts, err = t.plan(session, items); err != nil {
			return err
		}
		for _, p := range puts {
			if err := t.put(session, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	seqs := map[string]int64{}
	for _, p := range puts {
		seqs[identity(p.it)] = p.seq
	}
	for _, it := range items {
		it.Seq = seqs[identity(it)]
	}
	return nil
}

// identity is what an item is known by.
func identity(it *state.Item) string {
	return cmp.Or(it.ID.Key(), "\x00"+it.Name)
}

// planner works out what is to be written where.
type planner struct {
	t       *tx
	session int64
	last    int64 // Seq given last

	puts  []*put
	known map[string]*put // by identity
	bySeq map[int64]*put
}

// plan tells which row each item goes into, and refuses all if one cannot be
// stored. Rows that stand in the way of a name that is exchanged are removed.
func (t *tx) plan(session int64, items []*state.Item) ([]*put, error) {
	p := planner{t: t, session: session, known: map[string]*put{}, bySeq: map[int64]*put{}}
	if _, err := t.row("SELECT seq FROM item WHERE session = ? ORDER BY seq DESC LIMIT 1", []any{session}, &p.last); err != nil {
		return nil, err
	}
	for _, it := range items {
		if err := p.place(it); err != nil {
			return nil, err
		}
	}
	return p.puts, p.names()
}

// place finds the row that an item goes into.
func (p *planner) place(it *state.Item) error {
	if it.Name == "" {
		return state.Unstorable(it, errors.New("it has no name"))
	}
	var holder int64
	var anonymous bool
	_, err := p.t.row("SELECT seq, key IS NULL FROM item WHERE session = ? AND name = ?", []any{p.session, it.Name}, &holder, &anonymous)
	if err != nil {
		return err
	}
	to := p.known[identity(it)]
	if to == nil {
		seq, err := p.match(it, holder, anonymous)
		switch {
		case err != nil:
			return err
		case seq == 0:
			p.last++
			seq = p.last
		case p.bySeq[seq] != nil:
			return refusedItem(it, errors.New("two items give an identity to the same one"))
		}
		to = &put{seq: seq}
		p.puts = append(p.puts, to)
		p.known[identity(it)], p.bySeq[seq] = to, to
	}
	to.it, to.holder = it, holder
	stored := *it
	stored.Seq = to.seq
	to.document, err = compact(state.EncodeItem(&stored))
	return err
}

// match returns the Seq of the row that an item changes: that of its identity,
// or the one known by name only that it gives an identity to. 0 if it is new.
// holder is the item of its name, anonymous if that one has no identity.
func (p *planner) match(it *state.Item, holder int64, anonymous bool) (seq int64, err error) {
	key := it.ID.Key()
	if key == "" && anonymous {
		return holder, nil
	}
	found := false
	if key != "" {
		found, err = p.t.row("SELECT seq FROM item WHERE session = ? AND key = ?", []any{p.session, key}, &seq)
	}
	if !found && err == nil && key != "" && it.Seq > 0 {
		found, err = p.t.row("SELECT seq FROM item WHERE session = ? AND seq = ? AND key IS NULL", []any{p.session, it.Seq}, &seq)
	}
	if !found && anonymous {
		seq = holder
	}
	return seq, err
}

// names refuses an item whose name another one keeps, and makes way where it
// gives the name up.
func (p *planner) names() error {
	taken := map[string]bool{}
	for _, to := range p.puts {
		if taken[to.it.Name] {
			return refusedItem(to.it, errNameTaken)
		}
		taken[to.it.Name] = true
	}
	for _, to := range p.puts {
		if to.holder == 0 || to.holder == to.seq {
			continue
		}
		if p.bySeq[to.holder] == nil {
			return refusedItem(to.it, errNameTaken)
		}
		if err := p.t.exec("DELETE FROM item WHERE session = ? AND seq = ?", p.session, to.holder); err != nil {
			return err
		}
	}
	return nil
}

var errNameTaken = errors.New("another item of the session takes its name")

func refusedItem(it *state.Item, why error) error {
	return refused(fmt.Sprintf("item %q (%s)", it.Name, it.ID.Key()), why)
}

// put writes a row.
func (t *tx) put(session int64, p *put) error {
	return t.exec(`INSERT INTO item (session, seq, key, name, awaits, outcome, size, carried, document)
		VALUES (?1, ?2, nullif(?3, ''), ?4, nullif(?5, ''), ?6, ?7, ?8, ?9)
		ON CONFLICT (session, seq) DO UPDATE
		SET key = excluded.key, name = excluded.name, awaits = excluded.awaits, outcome = excluded.outcome,
			size = excluded.size, carried = excluded.carried, document = excluded.document
		WHERE document <> excluded.document`,
		session, p.seq, p.it.ID.Key(), p.it.Name, string(p.it.Awaits()), string(p.it.Outcome()), p.it.Size, p.it.Carried, p.document)
}
