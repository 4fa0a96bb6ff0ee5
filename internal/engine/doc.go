// Package engine runs one session: it lists a source, transfers what it lists and
// registers it at a destination.
//
// A [Run] wires three stages that go on side by side:
//
//	discover   lists the source into the session     (decide: what becomes of a listed item)
//	carry      transfers what awaits transfer        (flow: how much is in flight, how fast)
//	register   registers what was transferred
//
// Items move on through the store: each stage takes what awaits it (see
// state.Item.Awaits) and stores what became of it before anything else is done. The
// carrier hands what it has transferred to the registrar as well, so that it need
// not be read again; what the registrar sends back awaits its transfer, and the
// carrier is woken.
//
// Package session opens what is stored, lifecycle changes items, monitor counts and
// publishes. Package verify looks at what has arrived; a [Plan] says what a run
// would do.
package engine
