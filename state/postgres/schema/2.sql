-- What happened in a session, and what its run is doing.
-- See docs/postgres.md for what the columns mean.

CREATE TABLE gondola.journal (
    session bigint NOT NULL REFERENCES gondola.sessions ON DELETE CASCADE,
    number  bigint GENERATED ALWAYS AS IDENTITY,
    key     text COLLATE "C" NOT NULL,
    name    text NOT NULL,
    stage   text NOT NULL,
    status  text NOT NULL,
    at      timestamptz NOT NULL,
    bytes   bigint NOT NULL,
    code    text NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (session, number)
);

CREATE INDEX journal_key ON gondola.journal (session, key, number);

CREATE TABLE gondola.snapshots (
    session  bigint PRIMARY KEY REFERENCES gondola.sessions ON DELETE CASCADE,
    at       timestamptz NOT NULL,
    document json NOT NULL
) WITH (fillfactor = 50);
