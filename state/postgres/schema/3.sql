-- When an item was captured: UTC, as text that sorts as times do; '': unknown.
-- The table is written anew once, with what its documents say.
ALTER TABLE gondola.items ADD COLUMN captured text COLLATE "C";
ALTER TABLE gondola.items
    ALTER COLUMN captured TYPE text COLLATE "C" USING coalesce(rtrim(document -> 'gondola' ->> 'captured_at', 'Z'), ''),
    ALTER COLUMN captured SET DEFAULT '',
    ALTER COLUMN captured SET NOT NULL;

CREATE INDEX items_outcome ON gondola.items (session, outcome, seq);
CREATE INDEX items_captured ON gondola.items (session, captured, seq);
