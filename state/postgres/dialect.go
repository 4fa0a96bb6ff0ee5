package postgres

import "github.com/gondola-sync/gondola/state/internal/sqlstore"

// dialect is what PostgreSQL does in its own way.
var dialect = sqlstore.Dialect{
	Schema: sqlstore.Schema{Files: schema, Newest: newest},
	Remove: []string{"DELETE FROM gondola.sessions WHERE id = $1"},
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
