// Package progress says what happens in a run: events as they happen, and
// snapshots of how far it is.
//
// A [Bus] passes events to subscribers. Each has a buffer of its own, and says
// what happens when it is full: either events are dropped, and a [Dropped] event
// says how many, or the run waits until there is room. A subscriber that shows
// a run to a person drops; one that keeps a record waits.
//
// A [Snapshot] is the whole of what a display needs at one moment. It marshals to
// JSON, so that another process, or a page, can show a run as well as its own
// process can.
//
// Neither holds credentials: no upload tokens, no signed addresses, no checkpoints.
// Sizes are bytes, times UTC.
package progress
