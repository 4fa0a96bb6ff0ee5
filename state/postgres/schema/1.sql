-- Sessions and what belongs to them, the ledger, and the leases.
-- See docs/postgres.md for what the columns mean.

DO $$ BEGIN -- unless the owner of the database has made it for this role
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'gondola') THEN
        CREATE SCHEMA gondola;
    END IF;
END $$;

CREATE TABLE IF NOT EXISTS gondola.migrations (
    version integer PRIMARY KEY,
    applied timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE gondola.sessions (
    num      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       text COLLATE "C" NOT NULL UNIQUE,
    updated  timestamptz NOT NULL,
    document json NOT NULL
);

CREATE TABLE gondola.items (
    session  bigint NOT NULL REFERENCES gondola.sessions ON DELETE CASCADE,
    seq      bigint NOT NULL,
    identity text COLLATE "C",
    name     text COLLATE "C" NOT NULL,
    awaits   text COLLATE "C" NOT NULL,
    outcome  text COLLATE "C" NOT NULL,
    size     bigint NOT NULL,
    carried  bigint NOT NULL,
    claim    text,
    document json NOT NULL,
    PRIMARY KEY (session, seq),
    CONSTRAINT items_identity UNIQUE (session, identity),
    CONSTRAINT items_name UNIQUE (session, name) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 80);

CREATE TABLE gondola.pending (
    session       bigint NOT NULL REFERENCES gondola.sessions ON DELETE CASCADE,
    stage         text COLLATE "C" NOT NULL,
    seq           bigint NOT NULL,
    claim         text,
    claimed_by    text,
    claimed_until timestamptz,
    PRIMARY KEY (session, stage, seq)
) WITH (fillfactor = 80);

CREATE TABLE gondola.counts (
    session bigint NOT NULL REFERENCES gondola.sessions ON DELETE CASCADE,
    slot    integer NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    items   bigint NOT NULL,
    bytes   bigint NOT NULL,
    carried bigint NOT NULL,
    PRIMARY KEY (session, slot, outcome)
) WITH (fillfactor = 50);

CREATE TABLE gondola.batches (
    session  bigint NOT NULL REFERENCES gondola.sessions ON DELETE CASCADE,
    index    bigint NOT NULL,
    document json NOT NULL,
    PRIMARY KEY (session, index)
);

CREATE TABLE gondola.ledger (
    account text COLLATE "C" NOT NULL,
    key     text COLLATE "C" NOT NULL,
    entry   json NOT NULL,
    PRIMARY KEY (account, key)
);

CREATE TABLE gondola.leases (
    session text COLLATE "C" PRIMARY KEY,
    token   text NOT NULL,
    host    text NOT NULL,
    pid     bigint NOT NULL,
    machine text NOT NULL,
    since   timestamptz NOT NULL,
    until   timestamptz NOT NULL
);

CREATE VIEW gondola.status AS
SELECT s.id AS session, s.updated, c.outcome,
       sum(c.items)::bigint AS items, sum(c.bytes)::bigint AS bytes, sum(c.carried)::bigint AS carried
FROM gondola.sessions s JOIN gondola.counts c ON c.session = s.num
GROUP BY s.num, c.outcome
HAVING sum(c.items) <> 0;
