WITH items AS NOT MATERIALIZED (
	SELECT session, seq, identity, name, awaits, outcome, size, carried,
		coalesce(rtrim(document -> 'gondola' ->> 'captured_at', 'Z'), '') COLLATE "C" AS captured, document
	FROM gondola.items
), journal AS NOT MATERIALIZED (
	SELECT * FROM gondola.journal
), snapshots AS NOT MATERIALIZED (
	SELECT * FROM gondola.snapshots
)
