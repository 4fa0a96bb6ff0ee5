// Package fault is the error type of all of Gondola's parts.
//
// An [Error] says what was tried, why it failed, how far the failure reaches
// and what to do next. Its class decides what happens: a [Transient] failure is
// retried where it occurred, an [Item] failure is recorded with its item while
// the others go on, and a [Session] failure ends the run with everything saved.
// Its code is a stable word for programs. [ClassOf], [CodeOf], [HintOf] and
// [RetryAfterOf] read the outermost Error in an error chain.
//
// The package is a leaf: it imports nothing else of Gondola.
package fault
