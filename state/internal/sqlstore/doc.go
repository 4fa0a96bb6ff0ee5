// Package sqlstore keeps sessions in a SQL database: what the stores in SQLite and
// PostgreSQL have in common.
//
// [Store] is a driver of state.Store. It has the statements and what goes into one
// transaction; a [Database] runs them and knows what its product does in its own
// way: connections, errors, durability, the schema, and the few statements of a
// [Dialect].
//
// Statements are in the words of PostgreSQL that SQLite understands once the name
// of the schema, casts, locks of rows and collations have been left out.
package sqlstore
