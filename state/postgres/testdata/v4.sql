CREATE SCHEMA gondola;
CREATE TABLE gondola.batches (
    session bigint NOT NULL,
    index bigint NOT NULL,
    document json NOT NULL
);
COMMENT ON COLUMN gondola.batches.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
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
    document json NOT NULL,
    captured text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
WITH (fillfactor='80');
COMMENT ON COLUMN gondola.items.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
CREATE TABLE gondola.journal (
    session bigint NOT NULL,
    number bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    stage text NOT NULL,
    status text NOT NULL,
    at timestamp with time zone NOT NULL,
    bytes bigint NOT NULL,
    code text NOT NULL,
    message text NOT NULL
);
ALTER TABLE gondola.journal ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME gondola.journal_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
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
COMMENT ON COLUMN gondola.sessions.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
ALTER TABLE gondola.sessions ALTER COLUMN num ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME gondola.sessions_num_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE gondola.snapshots (
    session bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    document json NOT NULL
)
WITH (fillfactor='50');
CREATE VIEW gondola.status AS
SELECT
    NULL::text COLLATE pg_catalog."C" AS session,
    NULL::timestamp with time zone AS updated,
    NULL::text COLLATE pg_catalog."C" AS outcome,
    NULL::bigint AS items,
    NULL::bigint AS bytes,
    NULL::bigint AS carried;
INSERT INTO gondola.batches VALUES (1, 1, '{"batch_index":1,"file_names":["G0010002002.JPG"],"status":"running"}');
INSERT INTO gondola.batches VALUES (1, 1000000, '{"batch_index":1000000,"file_names":["G0010002000.JPG","G0010002001.JPG"],"status":"completed","responses_json":["{\"newMediaItemResults\":[{\"uploadToken\":\"tok-1\",\"status\":{\"code\":null,\"message\":\"Success\",\"details\":null},\"mediaItem\":{\"id\":\"AB12\"}},{\"uploadToken\":\"tok-2\",\"status\":{\"code\":3,\"message\":\"Failed\",\"details\":null},\"mediaItem\":null}]}"]}');
INSERT INTO gondola.batches VALUES (1, 1000050, '{"batch_index":1000050,"file_names":["x"],"status":"pending"}');
INSERT INTO gondola.batches VALUES (2, 1000000, '{"batch_index":1000000,"file_names":["text 4","text 5"],"status":"failed","responses_json":["text 8","text 9"],"error":{"error_type":"text 12","class":"item","message":"text 14","attempt":15,"updated_at":"2026-01-08T09:00:16.000005Z"},"x":{"n":18},"y":{"n":19}}');
INSERT INTO gondola.batches VALUES (2, 1000001, '{"batch_index":1000001,"file_names":["GX000001.MP4"],"status":"running"}');
INSERT INTO gondola.counts VALUES (1, 10, 'created', 1, 0, 0);
INSERT INTO gondola.counts VALUES (1, 10, 'failed', 2, 0, 0);
INSERT INTO gondola.counts VALUES (1, 10, 'pending', 1, 0, 0);
INSERT INTO gondola.counts VALUES (2, 10, 'created', 1, 1000, 1000);
INSERT INTO gondola.counts VALUES (2, 10, 'failed', 1, 2000, 0);
INSERT INTO gondola.counts VALUES (2, 10, 'pending', 5, 20000, 0);
INSERT INTO gondola.counts VALUES (2, 10, 'skipped', 1, 0, 60);
INSERT INTO gondola.items VALUES (1, 1, NULL, 'G0010002000.JPG', '', 'created', -1, 0, NULL, '{"file_name":"G0010002000.JPG","legacy_name":"G0010002000.JPG","size":-1,"kind":"photo","seq":1,"discovery_status":"completed","transfer_status":"completed","create_status":"completed","download_url":"https://cdn.example.invalid/v?Signature=abc","destination_id":"AB12","id":""}', '');
INSERT INTO gondola.items VALUES (1, 2, NULL, 'G0010002001.JPG', 'create', 'failed', -1, 0, NULL, '{"file_name":"G0010002001.JPG","legacy_name":"G0010002001.JPG","size":-1,"kind":"photo","seq":2,"discovery_status":"completed","transfer_status":"completed","create_status":"failed","download_url":"https://cdn.example.invalid/v?Signature=abc","errors":{"create":{"error_type":"rejected","class":"item","message":"Failed","attempt":1,"updated_at":"2026-01-31T08:21:07.000042Z"}},"id":"","upload_token":"tok-2","receipt":{"size":-1,"at":"2026-01-31T08:21:07.000042Z"}}', '');
INSERT INTO gondola.items VALUES (1, 3, NULL, 'G0010002002.JPG', 'create', 'pending', -1, 0, NULL, '{"file_name":"G0010002002.JPG","legacy_name":"G0010002002.JPG","size":-1,"kind":"photo","seq":3,"discovery_status":"completed","transfer_status":"completed","create_status":"pending","download_url":"https://cdn.example.invalid/v?Signature=abc","id":"","upload_token":"tok-3","receipt":{"size":-1,"at":"2026-01-31T08:21:07.000042Z"}}', '');
INSERT INTO gondola.items VALUES (1, 4, NULL, 'GX010001000.MP4', 'transfer', 'failed', -1, 0, NULL, '{"file_name":"GX010001000.MP4","legacy_name":"GX010001000.MP4","size":-1,"kind":"video","seq":4,"discovery_status":"completed","transfer_status":"failed","create_status":"skipped","download_url":"https://cdn.example.invalid/v?Signature=abc","errors":{"transfer":{"error_type":"ClientResponseError","message":"403, message=''Forbidden''","attempt":1,"updated_at":"2026-01-31T08:20:01.556677Z"}},"id":""}', '');
INSERT INTO gondola.items VALUES (2, 1, 'text%204@text%205/text%206/7/text%208', 'text 10', '', 'skipped', 14, 60, NULL, '{"object":"text 9","file_name":"text 10","source_name":"text 11","dir":"text 12","legacy_name":"text 13","size":14,"mime":"text 15","kind":"video","type":"text 17","width":18,"height":19,"camera":"text 20","captured_at":"2026-01-08T09:00:21.000005Z","captured_zone":"text 22","albums":["text 24","text 25"],"created_at":"2026-01-08T09:00:26.000005Z","revision":"text 27","version":"text 28","of":29,"refusal":{"code":"text 32","reason":"text 33"},"seq":1,"discovery_status":"failed","transfer_status":"failed","create_status":"failed","download_url":"text 38","destination_id":"text 58","sha256":"text 59","carried":60,"recorded":61,"same_as":"text 62","already_there":true,"carried_again":64,"carried_at":"2026-01-08T09:01:05.000005Z","registered_at":"2026-01-08T09:01:06.000005Z","missed_at":"2026-01-08T09:01:07.000005Z","errors":{"create":{"error_type":"text 82","class":"item","message":"text 84","attempt":85,"updated_at":"2026-01-08T09:01:26.000005Z"},"discovery":{"error_type":"text 70","class":"item","message":"text 72","attempt":73,"updated_at":"2026-01-08T09:01:14.000005Z"},"transfer":{"error_type":"text 76","class":"item","message":"text 78","attempt":79,"updated_at":"2026-01-08T09:01:20.000005Z"}},"id":"text%204@text%205/text%206/7/text%208","upload_token":"text 53","receipt":{"size":54,"sha256":"text 55","at":"2026-01-08T09:00:56.000005Z"},"checkpoint":{"size":41,"confirmed":42,"started_at":"2026-01-08T09:00:43.000005Z","version":"text 44","account":"text 45","hash_at":46,"hash_state":"MDE=","resume":{"n":50}},"x":{"n":88},"y":{"n":89}}', '2026-01-08T09:00:21.000005');
INSERT INTO gondola.items VALUES (2, 2, 'gopro/medium0001/1/source', 'GX000001.MP4', '', 'created', 1000, 1000, NULL, '{"file_name":"GX000001.MP4","size":1000,"captured_at":"2026-01-08T09:00:00.5Z","seq":2,"discovery_status":"completed","transfer_status":"completed","create_status":"completed","destination_id":"AF1Qip","carried":1000,"id":"gopro/medium0001/1/source"}', '2026-01-08T09:00:00.5');
INSERT INTO gondola.items VALUES (2, 3, 'gopro/medium0002/1/source', 'GX000002.MP4', 'transfer', 'failed', 2000, 0, NULL, '{"file_name":"GX000002.MP4","size":2000,"captured_at":"2026-01-08T09:00:01Z","seq":3,"discovery_status":"completed","transfer_status":"failed","create_status":"pending","errors":{"transfer":{"error_type":"server","class":"transient","message":"503","attempt":2,"updated_at":"2026-01-08T09:00:00Z"}},"id":"gopro/medium0002/1/source"}', '2026-01-08T09:00:01');
INSERT INTO gondola.items VALUES (2, 4, 'gopro/medium0003/1/source', 'GX000003.MP4', 'transfer', 'pending', 3000, 0, NULL, '{"file_name":"GX000003.MP4","size":3000,"seq":4,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","id":"gopro/medium0003/1/source"}', '');
INSERT INTO gondola.items VALUES (2, 5, NULL, 'GX000004.MP4', 'transfer', 'pending', 4000, 0, NULL, '{"file_name":"GX000004.MP4","size":4000,"captured_at":"2026-01-08T09:00:02Z","seq":5,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","id":""}', '2026-01-08T09:00:02');
INSERT INTO gondola.items VALUES (2, 6, 'gopro/medium0005/1/source', 'GX000005.MP4', 'transfer', 'pending', -1, 0, NULL, '{"file_name":"GX000005.MP4","size":-1,"captured_at":"2026-01-08T09:00:02.5Z","seq":6,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","id":"gopro/medium0005/1/source"}', '2026-01-08T09:00:02.5');
INSERT INTO gondola.items VALUES (2, 7, 'gopro/medium0006/1/source', 'GX000006.MP4', 'transfer', 'pending', 6000, 0, NULL, '{"file_name":"GX000006.MP4","size":6000,"captured_at":"2026-01-08T09:00:03Z","seq":7,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","id":"gopro/medium0006/1/source","$x":{"%2E":[1.5,1e+30,"é漢",null,true]},"a.b":1,"big":5000000000,"date":{"$date":{"$numberLong":"1767862800000"}}}', '2026-01-08T09:00:03');
INSERT INTO gondola.items VALUES (2, 8, 'gopro/medium0007/1/source', 'ä/ö 0.jpg', 'transfer', 'pending', 7000, 0, NULL, '{"file_name":"ä/ö 0.jpg","size":7000,"captured_at":"2026-01-08T09:00:03.5Z","seq":8,"discovery_status":"completed","transfer_status":"pending","create_status":"pending","id":"gopro/medium0007/1/source"}', '2026-01-08T09:00:03.5');
INSERT INTO gondola.journal OVERRIDING SYSTEM VALUE VALUES (2, 1, 'text 2', 'text 3', 'text 4', 'failed', '2026-01-08 09:00:06.000005+00', 7, 'text 8', 'text 9');
INSERT INTO gondola.journal OVERRIDING SYSTEM VALUE VALUES (2, 2, 'k', '', '', '', '2026-01-08 09:00:00+00', 0, '', '');
INSERT INTO gondola.ledger VALUES ('a', 'k', '{"account":"a","key":"k","destination_id":"d","size":5,"session":"s","at":"2026-01-08T09:00:00Z"}');
INSERT INTO gondola.ledger VALUES ('text 2', 'gone', '{"account":"text 2","key":"gone","destination_id":"text 4","sha256":"text 5","size":6,"version":"text 7","session":"text 8","at":"2026-01-08T09:00:09.000005Z","gone":true}');
INSERT INTO gondola.ledger VALUES ('text 2', 'text 3', '{"account":"text 2","key":"text 3","destination_id":"text 4","sha256":"text 5","size":6,"version":"text 7","session":"text 8","at":"2026-01-08T09:00:09.000005Z"}');
INSERT INTO gondola.migrations VALUES (1, '2026-11-29 15:55:20.205989+00');
INSERT INTO gondola.migrations VALUES (2, '2026-11-29 15:55:20.205989+00');
INSERT INTO gondola.migrations VALUES (3, '2026-11-29 15:55:20.205989+00');
INSERT INTO gondola.migrations VALUES (4, '2026-11-29 15:55:20.205989+00');
INSERT INTO gondola.pending VALUES (1, 'create', 2, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (1, 'create', 3, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (1, 'transfer', 4, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 3, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 4, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 5, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 6, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 7, NULL, NULL, NULL);
INSERT INTO gondola.pending VALUES (2, 'transfer', 8, NULL, NULL, NULL);
INSERT INTO gondola.sessions OVERRIDING SYSTEM VALUE VALUES (1, 'january-2026', '2026-11-01 08:00:00+00', '{"schema_version":1,"session_id":"january-2026","created_at":"2026-01-31T08:15:30.123456Z","updated_at":"2026-11-01T08:00:00Z","foreign":true,"start_date_iso":"2026-01-08T00:00:00","end_date_iso":"2026-01-09T00:00:00","batch_size":50,"stages":{"create":"completed","discovery":"completed","transfer":"completed"},"from":"gopro:","to":"gphotos:"}');
INSERT INTO gondola.sessions OVERRIDING SYSTEM VALUE VALUES (2, 'every field', '2026-11-01 08:00:00+00', '{"schema_version":2,"session_id":"every field","created_at":"2026-01-08T09:00:04.000005Z","updated_at":"2026-11-01T08:00:00Z","start_date_iso":"text 6","end_date_iso":"text 7","window":{"start":"2026-01-08T09:00:10.000005Z","end":"2026-01-08T09:00:11.000005Z"},"batch_size":12,"stages":{"create":"failed","discovery":"failed","transfer":"failed"},"from":"text 17","to":"text 18","origin":"text 19","account":"text 20","album":"text 21","album_id":"text 22","quality":"text 23","layout":"text 24","filter":{"types":["text 27","text 28"],"include":["text 30","text 31"],"exclude":["text 33","text 34"],"max_items":35},"proven_at":"2026-01-08T09:00:36.000005Z","verified_at":"2026-01-08T09:00:37.000005Z","copying":true,"x":{"n":40},"y":{"n":41}}');
SELECT pg_catalog.setval('gondola.journal_number_seq', 2, true);
SELECT pg_catalog.setval('gondola.sessions_num_seq', 2, true);
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
ALTER TABLE ONLY gondola.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (session, number);
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
ALTER TABLE ONLY gondola.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (session);
CREATE INDEX items_captured ON gondola.items USING btree (session, captured, seq);
CREATE INDEX items_outcome ON gondola.items USING btree (session, outcome, seq);
CREATE INDEX journal_key ON gondola.journal USING btree (session, key, number);
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
ALTER TABLE ONLY gondola.journal
    ADD CONSTRAINT journal_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
ALTER TABLE ONLY gondola.pending
    ADD CONSTRAINT pending_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
ALTER TABLE ONLY gondola.snapshots
    ADD CONSTRAINT snapshots_session_fkey FOREIGN KEY (session) REFERENCES gondola.sessions(num) ON DELETE CASCADE;
