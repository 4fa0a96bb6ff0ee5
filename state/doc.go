// Package state keeps sessions: what is to be carried, what has been, and what
// an interrupted run needs to go on.
//
// A [Session] is one resumable run; its items and batches are kept beside it.
// A [Backend] stores them, each change at a cost that does not depend on the
// size of the session, and is durable when it returns. The ledger remembers,
// across sessions, which item is already at which destination. [Store] is a
// Backend that has the rules of all stores; a driver (package driver) keeps the
// rows.
//
// What a store may offer beyond is a [Journal], the history of a session and a
// view of what its run is doing, for other processes.
//
// What is stored are documents; a [Codec] writes and reads them, [Documents] unless
// the driver shares its documents with another program.
//
// The rule for where an item stands is in one place, [Item.Next]: backends
// index by it, the engine works by it.
package state
