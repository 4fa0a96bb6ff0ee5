-- What is pending is found by an index of the items, and triggers keep the sums,
-- as in SQLite. What nothing uses any more goes.
DROP TABLE gondola.pending;
ALTER TABLE gondola.items DROP COLUMN claim;

CREATE INDEX items_awaits ON gondola.items (session, awaits, seq) WHERE awaits <> '';

-- The sums of an outcome are spread over several rows, of which each connection
-- takes one, so that changes at the same time seldom wait for each other. Rows are
-- taken in the order of outcomes, to avoid deadlock. No item counts for more than
-- 4 TiB, so that no source that lies about sizes makes a sum overflow. A deleted
-- session takes its sums with it.
CREATE FUNCTION gondola.count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gondola.counts AS c (session, slot, outcome, items, bytes, carried)
    SELECT session, pg_backend_pid() % 16, outcome, count(*),
        sum(CASE outcome WHEN 'skipped' THEN 0 ELSE greatest(0, least(size, 4398046511104)) END), sum(greatest(0, least(carried, 4398046511104)))
    FROM added GROUP BY session, outcome ORDER BY session, outcome
    ON CONFLICT (session, slot, outcome) DO UPDATE
    SET items = c.items + excluded.items, bytes = c.bytes + excluded.bytes, carried = c.carried + excluded.carried;
    RETURN NULL;
END $$;

CREATE FUNCTION gondola.count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gondola.counts AS c (session, slot, outcome, items, bytes, carried)
    SELECT session, pg_backend_pid() % 16, outcome, sum(sign), sum(sign * bytes), sum(sign * carried)
    FROM (
        SELECT session, outcome, sign, CASE outcome WHEN 'skipped' THEN 0 ELSE greatest(0, least(size, 4398046511104)) END AS bytes,
            greatest(0, least(carried, 4398046511104)) AS carried
        FROM (
            SELECT session, outcome, size, carried, 1 AS sign FROM added
            UNION ALL SELECT session, outcome, size, carried, -1 FROM removed
        ) AS items
    ) AS counted
    GROUP BY session, outcome HAVING sum(sign) <> 0 OR sum(sign * bytes) <> 0 OR sum(sign * carried) <> 0 ORDER BY session, outcome
    ON CONFLICT (session, slot, outcome) DO UPDATE
    SET items = c.items + excluded.items, bytes = c.bytes + excluded.bytes, carried = c.carried + excluded.carried;
    RETURN NULL;
END $$;

CREATE TRIGGER items_added AFTER INSERT ON gondola.items
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gondola.count_added();

CREATE TRIGGER items_changed AFTER UPDATE ON gondola.items
REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION gondola.count_changed();
