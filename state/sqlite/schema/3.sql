-- When an item was captured: UTC, as text that sorts as times do; '': unknown.
ALTER TABLE item ADD COLUMN captured TEXT NOT NULL DEFAULT '';

UPDATE item SET captured = rtrim(json_extract(document, '$.gondola.captured_at'), 'Z')
WHERE json_extract(document, '$.gondola.captured_at') IS NOT NULL;

CREATE INDEX item_outcome ON item (session, outcome, seq);
CREATE INDEX item_captured ON item (session, captured, seq);
