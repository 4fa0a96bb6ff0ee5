// Package driver is what a store of sessions has to implement; state.NewStore
// makes a state.Backend of it.
//
// A [Store] keeps rows: headers of sessions, items, batches, the ledger and
// locks. It knows nothing of what documents say. Which row an item goes into, who
// owns a name, what may be stored, which number a new item gets, what a fault is
// and which changes share a transaction is decided above it, once for all stores.
//
// Stores that keep a history and a view of a run as well implement [Journal] beside
// it.
package driver
