// Package sqlite keeps sessions in one SQLite database.
//
// Each item, batch and header is a row that holds its JSON document and, beside
// it, the columns by which it is found; sums are kept by triggers. Every change
// is one transaction, synced before it returns. A change and the next pending
// items cost the same in a session of ten items and of a million. The schema is
// described in docs/sqlite.md, together with the views for users. Statements are
// those of package sqlstore.
//
// Several processes of one machine may use the file at once. Their changes take
// turns; reading never waits. A session is locked by a lease in the file
// (see package lease). The file must be on a local disk: the processes share
// memory beside it.
package sqlite
