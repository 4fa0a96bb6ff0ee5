CREATE SCHEMA gondola;
CREATE TABLE gondola.batches (
    session bigint NOT NULL,
    index bigint NOT NULL,
    document json NOT NULL
);
CREATE TABLE gondola.counts (
    session bigint NOT NULL,
    slot integer NOT NULL,
    outcome text NOT NULL COLLATE pg_catalog."C",
    items bigint NOT NULL,
    bytes bigint NOT NULL,
    carried bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE gondola.items (
    session bigint NOT NULL,
    seq bigint NOT NULL,
    identity text COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    awaits text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    carried bigint NOT NULL,
    claim text,
    document json NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE gondola.leases (
    session text NOT NULL COLLATE pg_catalog."C",
    token text NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    machine text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL
);
CREATE TABLE gondola.ledger (
    account text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    entry json NOT NULL
);
CREATE TABLE gondola.migrations (
    version integer NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE gondola.pending (
    session bigint NOT NULL,
    stage text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    claim text,
    claimed_by text,
    claimed_until timestamp with time zone
)
WITH (fillfactor='80');
CREATE TABLE gondola.sessions (
    num bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    updated timestamp with time zone NOT NULL,
    document json NOT NULL
);
ALTER TABLE gondola.sessions ALTER COLUMN num ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME gondola.sessions_num_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW gondola.status AS
SELECT
    NULL::text COLLATE pg_catalog."C" AS session,
    NULL::timestamp with time zone AS updated,
    NULL::text COLLATE pg_catalog."C" AS outcome,
    NULL::bigint AS items,
    NULL::bigint AS bytes,
    NULL::bigint AS carried;
INSERT INTO gondola.batches VALUES (1, 1000000, '{"batch_index":1000000,"file_names":["GX000000.MP4"],"status":"completed","responses_json":["{}"],"error":null,"gondola":{}}');
INSERT INTO gondola.counts VALUES (1, 14, 'created', 1, 1000, 1000);
INSERT INTO gondola.counts VALUES (1, 14, 'failed', 1, 1002, 0);
INSERT INTO gondola.counts VALUES (1, 14, 'pending', 1, 1001, 0);
INSERT INTO gondola.counts VALUES (1, 14, 'skipped', 1, 0, 0);
INSERT INTO gondola.items VALUES (1, 1, 'gopro/medium0000/1/source', 'GX000000.MP4', '', 'created', 1000, 1000, NULL, '{"file_name":"GX000000.MP4","media_id":"medium0000","download_url":null,"discovery_status":"completed","transfer_status":"completed","create_status":"completed","upload_token":null,"media_type":"video","errors":{},"gondola":{"id":"gopro/medium0000/1/source","seq":1,"legacy_name":"GX000000000.MP4","size":1000,"mime":"video/mp4","kind":"video","captured_at":"2026-01-08T09:00:00Z","revision":"r1","of":1,"destination_id":"AF1QipOne","sha256":"ab12","carried":1000,"carried_at":"2026-01-08T09:00:00Z","registered_at":"2026-01-08T09:00:00Z"}}');
INSERT INTO gondola.items VALUES (1, 2, 'gopro/medium0001/1/source', 'GX000001.MP4', 'transfer', 'pending', 1001, 0, NULL, '{"file_name":"GX000001.MP4","media_id":"medium0001","download_url":null,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","upload_token":null,"media_type":"video","errors":{},"gondola":{"id":"gopro/medium0001/1/source","seq":2,"legacy_name":"GX000001000.MP4","size":1001,"mime":"video/mp4","kind":"video","captured_at":"2026-01-08T09:00:00Z","revision":"r1","of":1,"checkpoint":{"size":1001,"confirmed":512,"started_at":"2026-01-08T09:00:00Z","version":"etag","account":"gphotos:3f9a","hash_at":0,"resume":{"url":"https://u.example/1"}}}}');
INSERT INTO gondola.items VALUES (1, 3, 'gopro/medium0002/1/source', 'GX000002.MP4', 'transfer', 'failed', 1002, 0, NULL, '{"file_name":"GX000002.MP4","media_id":"medium0002","download_url":null,"discovery_status":"completed","transfer_status":"failed","create_status":"pending","upload_token":null,"media_type":"video","errors":{"transfer":{"error_type":"server","message":"503","attempt":2,"updated_at":"2026-01-08T09:00:00+00:00"}},"gondola":{"id":"gopro/medium0002/1/source","seq":3,"legacy_name":"GX000002000.MP4","size":1002,"mime":"video/mp4","kind":"video","captured_at":"2026-01-08T09:00:00Z","revision":"r1","of":1,"error_classes":{"transfer":"transient"}}}');
INSERT INTO gondola.items VALUES (1, 4, 'gopro/medium0003/1/source', 'GX000003.MP4', '', 'skipped', 1003, 0, NULL, '{"file_name":"GX000003.MP4","media_id":"medium0003","download_url":null,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","upload_token":null,"media_type":"video","errors":{},"gondola":{"id":"gopro/medium0003/1/source","seq":4,"legacy_name":"GX000003000.MP4","size":1003,"mime":"video/mp4","kind":"video","captured_at":"2026-01-08T09:00:00Z","revision":"r1","of":1,"refusal":{"code":"empty","reason":"it is empty"}}}');
INSERT INTO gondola.ledger VALUES ('gphotos:3f9a', 'gopro/gone/1/source', '{"account":"gphotos:3f9a","key":"gopro/gone/1/source","destination_id":"AF1QipTwo","size":7,"session":"holidays","at":"2026-01-08T09:00:00Z","gone":true}');
INSERT INTO gondola.ledger VALUES ('gphotos:3f9a', 'gopro/medium0000/1/source', '{"account":"gphotos:3f9a","key":"gopro/medium0000/1/source","destination_id":"AF1QipOne","sha256":"ab12","size":1000,"session":"holidays","at":"2026-01-08T09:00:00Z"}');
INSERT INTO gondola.migrations VALUES (1, '2026-11-29 09:32:04.711972+00');
INSERT INTO gondola.pending VALUES (1, 'transfer', 2, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (1, 'transfer', 3, NULL, NULL, NULL);
INSERT INTO gondola.sessions OVERRIDING SYSTEM VALUE VALUES (1, 'holidays', '2026-01-08 10:00:00+00', '{"schema_version":1,"session_id":"holidays","created_at":"2026-01-08T09:00:00+00:00","updated_at":"2026-01-08T10:00:00+00:00","start_date_iso":"2026-01-08T09:00:00+00:00","end_date_iso":"2026-01-09T09:00:00+00:00","batch_size":50,"stages":{"discovery":"completed","transfer":"pending","create":"pending"},"gondola":{"from":"gopro:","to":"gphotos:","account":"gphotos:3f9a","quality":"source","window":{"start":"2026-01-08T09:00:00Z","end":"2026-01-09T09:00:00Z"},"proven_at":"2026-01-08T09:00:00Z"}}');
SELECT pg_catalog.setval('gondola.sessions_num_seq', 1, true);
ALTER TABLE ONLY gondola.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (session, index);
ALTER TABLE ONLY gondola.counts
    ADD CONSTRAINT counts_pkey PRIMARY KEY (session, slot, outcome);
ALTER TABLE ONLY gondola.items
    ADD CONSTRAINT items_identity UNIQUE (session, identity);
ALTER TABLE ONLY gondola.items
    ADD CONSTRAINT items_name UNIQUE (session, name) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY gondola.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (session, seq);
ALTER TABLE ONLY gondola.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (session);
ALTER TABLE ONLY gondola.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (account, key);
ALTER TABLE ONLY gondola.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY gondola.pending
    ADD CONSTRAINT pending_pkey PRIMARY KEY (session, stage, seq);
ALTER TABLE ONLY gondola.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);
ALTER TABLE ONLY gondola.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (num);
CREATE OR REPLACE VIEW gondola.status AS
 SELECT s.id AS session,
    s.updated,
    c.outcome,
    (sum(c.items))::bigint AS items,
    (sum(c.bytes))::bigint AS bytes,
    (sum(c.carried))::bigint AS carried
   FROM (gondola.sessions s
     JOIN gondola.counts c ON ((c.session = s.num)))
  GROUP BY s.num, c.outcome
 HAVING (sum(c.items) <> (0)::numeric);
ALTER TABLE ONLY gondola.batches
    ADD CONSTRAINT batches_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
ALTER TABLE ONLY gondola.counts
    ADD CONSTRAINT counts_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
ALTER TABLE ONLY gondola.items
    ADD CONSTRAINT items_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
ALTER TABLE ONLY gondola.pending
    ADD CONSTRAINT pending_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
