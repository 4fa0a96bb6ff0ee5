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
), journal AS (
	SELECT 0 AS session, 0::bigint AS number, '' AS key, '' AS name, '' AS stage, '' AS status, now() AS at, 0::bigint AS bytes, '' AS code, '' AS message WHERE false
), snapshots AS (
	SELECT 0 AS session, now() AS at, NULL::json AS document WHERE false
)
