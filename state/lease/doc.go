// Package lease lets one process at a time run a session whose backend is
// shared by several machines.
//
// A lease is a lock that runs out unless its holder renews it. It is kept in the
// backend's own store (a [Table]); a [Keeper] takes, renews and gives back the
// leases of one backend. The lease of a process that has died on this machine is
// taken over at once, that of one on another machine when it has run out.
//
// A lease alone cannot stop a process that was suspended and wakes up after
// another one took over. Backends therefore ask [Keeper.Check] before they
// change a session, and, where the store allows it, check the holder's token in
// the same transaction as the change.
package lease
