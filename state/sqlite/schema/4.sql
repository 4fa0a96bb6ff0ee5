-- Tables and columns get the names that they have in PostgreSQL. An entry of the
-- ledger becomes a document.
DROP VIEW session_status;
DROP VIEW item_status;
DROP TRIGGER item_added; -- renaming a table spoils what triggers say of "excluded"
DROP TRIGGER item_removed;
DROP TRIGGER item_changed;

ALTER TABLE session RENAME TO sessions;
ALTER TABLE sessions RENAME COLUMN number TO num;
ALTER TABLE sessions RENAME COLUMN updated_at TO updated;
ALTER TABLE item RENAME TO items;
ALTER TABLE items RENAME COLUMN key TO identity;
ALTER TABLE batch RENAME TO batches;
ALTER TABLE batches RENAME COLUMN number TO "index";
ALTER TABLE tally RENAME TO counts;
ALTER TABLE lease RENAME TO leases;
ALTER TABLE snapshot RENAME TO snapshots;

-- What is left to do; awaits is '' where nothing is, or NULL in older rows.
DROP INDEX item_awaits;
CREATE INDEX items_awaits ON items (session, awaits, seq) WHERE awaits <> '';

CREATE TRIGGER item_added AFTER INSERT ON items BEGIN
	INSERT INTO counts (session, outcome, items, bytes, carried)
	VALUES (new.session, new.outcome, 1, max(0, min(new.size, 4398046511104)), max(0, min(new.carried, 4398046511104)))
	ON CONFLICT (session, outcome) DO UPDATE
	SET items = items + 1, bytes = bytes + excluded.bytes, carried = carried + excluded.carried;
END;

CREATE TRIGGER item_removed AFTER DELETE ON items BEGIN
	UPDATE counts SET items = items - 1, bytes = bytes - max(0, min(old.size, 4398046511104)), carried = carried - max(0, min(old.carried, 4398046511104))
	WHERE session = old.session AND outcome = old.outcome;
END;

CREATE TRIGGER item_changed AFTER UPDATE OF session, outcome, size, carried ON items
WHEN old.session <> new.session OR old.outcome <> new.outcome OR old.size <> new.size OR old.carried <> new.carried
BEGIN
	UPDATE counts SET items = items - 1, bytes = bytes - max(0, min(old.size, 4398046511104)), carried = carried - max(0, min(old.carried, 4398046511104))
	WHERE session = old.session AND outcome = old.outcome;
	INSERT INTO counts (session, outcome, items, bytes, carried)
	VALUES (new.session, new.outcome, 1, max(0, min(new.size, 4398046511104)), max(0, min(new.carried, 4398046511104)))
	ON CONFLICT (session, outcome) DO UPDATE
	SET items = items + 1, bytes = bytes + excluded.bytes, carried = carried + excluded.carried;
END;

ALTER TABLE ledger RENAME TO former_ledger;
CREATE TABLE ledger (
	account TEXT NOT NULL,
	key     TEXT NOT NULL,
	entry   TEXT NOT NULL,
	PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger (account, key, entry)
SELECT account, key, json_object('account', account, 'key', key, 'destination_id', destination_id, 'sha256', sha256, 'size', size,
	'version', version, 'session', session, 'at', at, 'gone', json(iif(gone, 'true', 'false')))
FROM former_ledger;
DROP TABLE former_ledger;

-- For people. Nothing reads these views but they. Documents of older versions have
-- part of their members under the key "gondola".

CREATE VIEW session_status AS
SELECT
	s.id,
	coalesce(s.document ->> '$.from', s.document ->> '$.gondola.from') AS "from",
	coalesce(s.document ->> '$.to', s.document ->> '$.gondola.to') AS "to",
	s.document ->> '$.stages.discovery' AS discovery,
	s.document ->> '$.stages.transfer' AS transfer,
	s.document ->> '$.stages."create"' AS "create",
	coalesce(sum(c.items), 0) AS items,
	coalesce(sum(c.items) FILTER (WHERE c.outcome = 'created'), 0) AS created,
	coalesce(sum(c.items) FILTER (WHERE c.outcome = 'already_there'), 0) AS already_there,
	coalesce(sum(c.items) FILTER (WHERE c.outcome = 'skipped'), 0) AS skipped,
	coalesce(sum(c.items) FILTER (WHERE c.outcome = 'failed'), 0) AS failed,
	coalesce(sum(c.items) FILTER (WHERE c.outcome = 'pending'), 0) AS pending,
	coalesce(sum(c.bytes) FILTER (WHERE c.outcome <> 'skipped'), 0) AS bytes,
	coalesce(sum(c.carried), 0) AS carried,
	s.updated,
	l.host AS run_on,
	l.pid AS run_by
FROM sessions s
LEFT JOIN counts c ON c.session = s.num
LEFT JOIN leases l ON l.session = s.id AND l.until > strftime('%Y-%m-%dT%H:%M:%fZ')
WHERE s.id IS NOT NULL
GROUP BY s.num;

CREATE VIEW item_status AS
SELECT
	s.id AS session,
	i.seq,
	i.name,
	i.outcome,
	nullif(i.awaits, '') AS awaits,
	i.size,
	i.carried,
	coalesce(i.document ->> '$.captured_at', i.document ->> '$.gondola.captured_at') AS captured_at,
	coalesce(i.document ->> '$.destination_id', i.document ->> '$.gondola.destination_id') AS destination_id,
	coalesce(i.document ->> '$.refusal.reason', i.document ->> '$.gondola.refusal.reason') AS refused,
	i.document ->> ('$.errors.' || nullif(i.awaits, '') || '.message') AS error,
	i.identity
FROM items i JOIN sessions s ON s.num = i.session
WHERE s.id IS NOT NULL;
