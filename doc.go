// Package gondola carries media from one station to another, resumably and
// without touching the ground.
//
// [Sync] runs one session from start to finish. It lists a source, carries
// every item's bytes to a destination and registers them there, in three
// stages that run side by side: discovery, transfer and create. Bytes stream
// from one to the other; no file and no memory of their size lies between.
//
// # Resuming
//
// Everything that a crash would make one regret is in the state.Backend before
// the remote call that depends on it: an item before its bytes move, the upload
// URL before the first byte, the confirmed offset at each segment, the upload
// token before the create call that spends it, each result after it. Calling
// Sync again with the same session goes on from there, whatever ended the run
// before. What the ledger knows to be at the destination, from whatever session,
// is not carried again. [Verify] asks the destination whether it is all there,
// and sends back what is missing.
//
// # Failures
//
// They come in three classes (see package fault). A transient one is tried
// again here, with growing waits and a bound. An item's own failure is recorded
// with the item, and the others go on; the next run tries it again. A session-
// wide one (credentials, quota, a full account, state that cannot be written)
// ends the run with everything saved.
//
// # Watching and steering
//
// [Start] returns a [Run] that goes on. Its progress can be read at any time, its
// events arrive at any number of subscribers (see package progress), and it can be
// paused, resumed and given other limits. [Hooks] are called when a stage starts
// and completes. Where the store keeps a journal, what happens is written to it
// about once a second, so that another process can show the run.
//
// # Identity
//
// An item is known by its station, medium, part and label, and where media ids are
// not unique in the world by its origin: the login or the folder that it is from. A
// session belongs to one origin and one account. The ledger remembers which version
// of an item is where: a file that changed is carried again.
package gondola
