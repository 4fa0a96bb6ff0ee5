-- From here on documents have a layout of Gondola's own, which earlier versions
-- cannot read. Rows of those are read as they are, and written anew when they
-- change.
COMMENT ON COLUMN gondola.sessions.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
COMMENT ON COLUMN gondola.items.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
COMMENT ON COLUMN gondola.batches.document IS 'in the layout of version 4, or of version 1: with a member "gondola"';
