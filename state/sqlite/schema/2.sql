-- What tells the state of the bytes that were carried from another one; '' if it
-- is not known.
ALTER TABLE ledger ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- The newest transitions of each session's items and stages.
CREATE TABLE journal (
	session INTEGER NOT NULL REFERENCES session (number) ON DELETE CASCADE,
	number  INTEGER NOT NULL, -- order, from 1
	key     TEXT NOT NULL,    -- identity of the item; '': a stage
	name    TEXT NOT NULL,
	stage   TEXT NOT NULL,
	status  TEXT NOT NULL,
	at      TEXT NOT NULL,
	bytes   INTEGER NOT NULL,
	code    TEXT NOT NULL,
	message TEXT NOT NULL,
	PRIMARY KEY (session, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_key ON journal (session, key, number);

-- What each session's run was doing a moment ago.
CREATE TABLE snapshot (
	session  INTEGER PRIMARY KEY REFERENCES session (number) ON DELETE CASCADE,
	at       TEXT NOT NULL,
	document TEXT NOT NULL
) STRICT;
