-- What is known of this file itself.
CREATE TABLE store (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
	number     INTEGER PRIMARY KEY,
	id         TEXT UNIQUE, -- NULL: deleted, and what is left of it is being cleared
	updated_at TEXT NOT NULL,
	document   TEXT NOT NULL
) STRICT;

CREATE TABLE item (
	session  INTEGER NOT NULL REFERENCES session (number),
	seq      INTEGER NOT NULL, -- order of discovery, from 1
	key      TEXT,             -- identity; NULL: known by name only
	name     TEXT NOT NULL,
	awaits   TEXT,             -- the next stage; NULL: nothing is left to do
	outcome  TEXT NOT NULL,
	size     INTEGER NOT NULL, -- bytes; negative: unknown
	carried  INTEGER NOT NULL, -- bytes of the finished upload
	document TEXT NOT NULL,
	PRIMARY KEY (session, seq),
	UNIQUE (session, key),
	UNIQUE (session, name)
) STRICT;

CREATE INDEX item_awaits ON item (session, awaits, seq) WHERE awaits IS NOT NULL;

CREATE TABLE batch (
	session  INTEGER NOT NULL REFERENCES session (number),
	number   INTEGER NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (session, number)
) STRICT;

-- The sums of each session's items, kept by the triggers below. No item counts
-- for more than 4 TiB, so that no lying source makes a sum overflow.
CREATE TABLE tally (
	session INTEGER NOT NULL REFERENCES session (number),
	outcome TEXT NOT NULL,
	items   INTEGER NOT NULL,
	bytes   INTEGER NOT NULL, -- of items whose size is known
	carried INTEGER NOT NULL,
	PRIMARY KEY (session, outcome)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
	INSERT INTO tally (session, outcome, items, bytes, carried)
	VALUES (new.session, new.outcome, 1, max(0, min(new.size, 4398046511104)), max(0, min(new.carried, 4398046511104)))
	ON CONFLICT (session, outcome) DO UPDATE
	SET items = items + 1, bytes = bytes + excluded.bytes, carried = carried + excluded.carried;
END;

CREATE TRIGGER item_removed AFTER DELETE ON item BEGIN
	UPDATE tally SET items = items - 1, bytes = bytes - max(0, min(old.size, 4398046511104)), carried = carried - max(0, min(old.carried, 4398046511104))
	WHERE session = old.session AND outcome = old.outcome;
END;

CREATE TRIGGER item_changed AFTER UPDATE OF session, outcome, size, carried ON item
WHEN old.session <> new.session OR old.outcome <> new.outcome OR old.size <> new.size OR old.carried <> new.carried
BEGIN
	UPDATE tally SET items = items - 1, bytes = bytes - max(0, min(old.size, 4398046511104)), carried = carried - max(0, min(old.carried, 4398046511104))
	WHERE session = old.session AND outcome = old.outcome;
	INSERT INTO tally (session, outcome, items, bytes, carried)
	VALUES (new.session, new.outcome, 1, max(0, min(new.size, 4398046511104)), max(0, min(new.carried, 4398046511104)))
	ON CONFLICT (session, outcome) DO UPDATE
	SET items = items + 1, bytes = bytes + excluded.bytes, carried = carried + excluded.carried;
END;

-- What is already at which destination account; sessions come and go.
CREATE TABLE ledger (
	account        TEXT NOT NULL,
	key            TEXT NOT NULL,
	destination_id TEXT NOT NULL,
	sha256         TEXT NOT NULL,
	size           INTEGER NOT NULL,
	session        TEXT NOT NULL, -- id of the session that recorded it
	at             TEXT NOT NULL,
	gone           INTEGER NOT NULL, -- 1: looked for and not there
	PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

-- Who runs which session, by id; it may not be stored yet.
CREATE TABLE lease (
	session TEXT NOT NULL PRIMARY KEY,
	token   TEXT NOT NULL,
	host    TEXT NOT NULL,
	pid     INTEGER NOT NULL,
	machine TEXT NOT NULL,
	since   TEXT NOT NULL,
	until   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- For people. Nothing reads these views but they.

CREATE VIEW session_status AS
SELECT
	s.id,
	json_extract(s.document, '$.gondola.from') AS "from",
	json_extract(s.document, '$.gondola.to') AS "to",
	json_extract(s.document, '$.stages.discovery') AS discovery,
	json_extract(s.document, '$.stages.transfer') AS transfer,
	json_extract(s.document, '$.stages."create"') AS "create",
	coalesce(sum(t.items), 0) AS items,
	coalesce(sum(t.items) FILTER (WHERE t.outcome = 'created'), 0) AS created,
	coalesce(sum(t.items) FILTER (WHERE t.outcome = 'already_there'), 0) AS already_there,
	coalesce(sum(t.items) FILTER (WHERE t.outcome = 'skipped'), 0) AS skipped,
	coalesce(sum(t.items) FILTER (WHERE t.outcome = 'failed'), 0) AS failed,
	coalesce(sum(t.items) FILTER (WHERE t.outcome = 'pending'), 0) AS pending,
	coalesce(sum(t.bytes) FILTER (WHERE t.outcome <> 'skipped'), 0) AS bytes,
	coalesce(sum(t.carried), 0) AS carried,
	s.updated_at,
	l.host AS run_on,
	l.pid AS run_by
FROM session s
LEFT JOIN tally t ON t.session = s.number
LEFT JOIN lease l ON l.session = s.id AND l.until > strftime('%Y-%m-%dT%H:%M:%fZ')
WHERE s.id IS NOT NULL
GROUP BY s.number;

CREATE VIEW item_status AS
SELECT
	s.id AS session,
	i.seq,
	i.name,
	i.outcome,
	i.awaits,
	i.size,
	i.carried,
	json_extract(i.document, '$.gondola.captured_at') AS captured_at,
	json_extract(i.document, '$.gondola.destination_id') AS destination_id,
	json_extract(i.document, '$.gondola.refusal.reason') AS refused,
	json_extract(i.document, '$.errors.' || i.awaits || '.message') AS error,
	i.key
FROM item i JOIN session s ON s.number = i.session
WHERE s.id IS NOT NULL;
