WITH sessions AS NOT MATERIALIZED (
	SELECT number AS num, id, updated_at AS updated, document FROM session
), items AS NOT MATERIALIZED (
	SELECT session, seq, key AS identity, name, awaits, outcome, size, carried, captured, document
	FROM item
), batches AS NOT MATERIALIZED (
	SELECT session, number AS "index", document FROM batch
), counts AS NOT MATERIALIZED (
	SELECT * FROM tally
), leases AS NOT MATERIALIZED (
	SELECT * FROM lease
), ledger AS NOT MATERIALIZED (
	SELECT account, key, json_object('account', account, 'key', key, 'destination_id', destination_id, 'sha256', sha256, 'size', size,
		'version', version, 'session', session, 'at', at, 'gone', json(iif(gone, 'true', 'false'))) AS entry
	FROM main.ledger
), snapshots AS NOT MATERIALIZED (
	SELECT * FROM snapshot
)
