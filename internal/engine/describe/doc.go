// Package describe keeps what a source knows of its items beside them, at a
// destination that is asked to: see [station.Annotator].
//
// Items are described when they arrive, batch by batch. At the end of a run, the
// items of the session whose description is missing are described: those of a run
// that was killed, those that were there already, and those whose description a user
// removed. An item whose description cannot be had is no failed item: a later run
// tries again.
package describe
