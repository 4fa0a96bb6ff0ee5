WITH sessions AS NOT MATERIALIZED (
	SELECT * FROM gondola.sessions
), batches AS NOT MATERIALIZED (
	SELECT * FROM gondola.batches
), counts AS NOT MATERIALIZED (
	SELECT * FROM gondola.counts
), leases AS NOT MATERIALIZED (
	SELECT * FROM gondola.leases
), ledger AS NOT MATERIALIZED (
	SELECT * FROM gondola.ledger
), items AS NOT MATERIALIZED (
	SELECT session, seq, identity, name, awaits, outcome, size, carried,
		coalesce(rtrim(document -> 'gondola' ->> 'captured_at', 'Z'), '') COLLATE "C" AS captured, document
	FROM gondola.items
), journal AS NOT MATERIALIZED (
	SELECT * FROM gondola.journal
), snapshots AS NOT MATERIALIZED (
	SELECT * FROM gondola.snapshots
)
