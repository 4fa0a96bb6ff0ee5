WITH sessions AS NOT MATERIALIZED (
	SELECT number AS num, id, updated_at AS updated, document FROM session
), items AS NOT MATERIALIZED (
	SELECT session, seq, key AS identity, name, awaits, outcome, size, carried,
		rtrim(coalesce(document ->> '$.gondola.captured_at', ''), 'Z') AS captured, document
	FROM item
), batches AS NOT MATERIALIZED (
	SELECT session, number AS "index", document FROM batch
), counts AS NOT MATERIALIZED (
	SELECT * FROM tally
), leases AS NOT MATERIALIZED (
	SELECT * FROM lease
), ledger AS NOT MATERIALIZED (
	SELECT account, key, json_object('account', account, 'key', key, 'destination_id', destination_id, 'sha256', sha256, 'size', size,
		'version', '', 'session', session, 'at', at, 'gone', json(iif(gone, 'true', 'false'))) AS entry
	FROM main.ledger
), journal AS (
	SELECT 0 AS session, 0 AS number, '' AS key, '' AS name, '' AS stage, '' AS status, '' AS at, 0 AS bytes, '' AS code, '' AS message WHERE 0
), snapshots AS (
	SELECT 0 AS session, '' AS at, '' AS document WHERE 0
)
