package postgres

import (
	"maps"
	"slices"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// dialect is what PostgreSQL does in its own way.
var dialect = sqlstore.Dialect{
	Written: derive,
	Remove:  []string{"DELETE FROM gondola.sessions WHERE id = $1"},
	Append: `INSERT INTO gondola.journal (session, key, name, stage, status, at, bytes, code, message)
		SELECT s.num, e.key, coalesce(e.name, ''), coalesce(e.stage, ''), coalesce(e.status, ''), e.at, coalesce(e.bytes, 0),
			coalesce(e.code, ''), coalesce(e.message, '')
		FROM gondola.sessions s, ROWS FROM (json_to_recordset($2::text::json) AS
			(key text, name text, stage text, status text, at timestamptz, bytes bigint, code text, message text)
		) WITH ORDINALITY AS e (key, name, stage, status, at, bytes, code, message, place)
		WHERE s.id = $1 ORDER BY e.place`,
	Prune: `DELETE FROM gondola.journal j USING gondola.sessions s WHERE s.id = $1 AND j.session = s.num AND j.number <= (
		SELECT number FROM gondola.journal WHERE session = s.num ORDER BY number DESC OFFSET $2 LIMIT 1)`,
	Pruned: 10_000,
}

const num = "(SELECT num FROM gondola.sessions WHERE id = $1)"

// derive brings up to date what is pending, then the sums.
func derive(t sqlstore.Tx, session string, changes []driver.Change) {
	moveOn(t, session, changes)
	count(t, session, changes)
}

// moveOn changes what is pending.
func moveOn(t sqlstore.Tx, session string, changes []driver.Change) {
	var seqs []int64
	var stages []string
	for _, c := range changes {
		before := ""
		if c.Before != nil {
			before = c.Before.Next
		}
		if before == c.Next {
			continue
		}
		if before != "" {
			t.Exec("DELETE FROM gondola.pending WHERE session = "+num+" AND stage = $2 AND seq = $3", session, before, c.Seq)
		}
		if c.Next != "" {
			seqs, stages = append(seqs, c.Seq), append(stages, c.Next)
		}
	}
	if len(seqs) > 0 {
		t.Exec(`INSERT INTO gondola.pending (session, stage, seq)
			SELECT `+num+`, stage, seq FROM unnest($2::text[], $3::bigint[]) AS new (stage, seq) ON CONFLICT DO NOTHING`, session, stages, seqs)
	}
}

// counted is what a size counts for in a sum: at most 4 TiB, so that no source
// that lies about sizes makes a sum overflow.
func counted(size int64) int64 { return max(0, min(size, 4<<40)) }

// sums are what a change adds to those of each outcome.
type sums map[string]driver.Sum

func (s sums) add(sign int64, r driver.Row) {
	sum := s[r.Outcome]
	sum.Items += int(sign)
	sum.Carried += sign * counted(r.Carried)
	if r.Outcome != string(state.OutcomeSkipped) {
		sum.Bytes += sign * counted(r.Size)
	}
	s[r.Outcome] = sum
}

// count adds to the session's counts. They are kept in several rows for each
// outcome, one of which each connection takes, so that workers seldom wait for
// each other. It comes last in a change and locks rows in the order of outcomes,
// to avoid deadlock.
func count(t sqlstore.Tx, session string, changes []driver.Change) {
	all := sums{}
	for _, c := range changes {
		if c.Before != nil {
			all.add(-1, *c.Before)
		}
		all.add(1, c.Row)
	}
	var outcomes []string
	var items, bytes, carried []int64
	for _, outcome := range slices.Sorted(maps.Keys(all)) {
		if s := all[outcome]; s != (driver.Sum{}) {
			outcomes, items, bytes, carried = append(outcomes, outcome), append(items, int64(s.Items)), append(bytes, s.Bytes), append(carried, s.Carried)
		}
	}
	if len(outcomes) == 0 {
		return
	}
	t.Exec(`INSERT INTO gondola.counts AS c (session, slot, outcome, items, bytes, carried)
		SELECT `+num+`, pg_backend_pid() % 16, outcome, items, bytes, carried
		FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS new (outcome, items, bytes, carried)
		ON CONFLICT (session, slot, outcome) DO UPDATE SET
			items = c.items + excluded.items, bytes = c.bytes + excluded.bytes, carried = c.carried + excluded.carried`,
		session, outcomes, items, bytes, carried)
}
