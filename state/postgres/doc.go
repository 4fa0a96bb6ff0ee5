// Package postgres keeps sessions in a PostgreSQL database, which several
// machines may share.
//
// Everything is in the schema "gondola", which the first to open the database
// makes and which needs no extension and no privilege beyond CREATE on the
// database. Documents have the type json, which keeps them as they are written; what
// is asked of all items of a session is in indexed columns beside them. Statements
// are those of package sqlstore.
//
// Every change is one transaction of two or three round trips. A session is run
// under a lease ([lease.Keeper]) whose token each change checks in its own
// transaction, so that a process that wakes up after another one took over
// changes nothing.
//
// A server that goes away is waited for ([Options.Patience]): a change whose
// outcome is unknown is repeated, which gives the same state. Connections
// through a pooler in transaction mode work, since nothing depends on which
// connection a statement takes.
package postgres
