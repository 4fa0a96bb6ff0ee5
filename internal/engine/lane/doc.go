// Package lane makes the writes of all processes to one account one lane: one
// write at a time, and never more in a span of time than the account takes.
//
// A [Lane] holds a lease on the account (state.AccountLock) and hands on, with the
// lease, when the recent writes were: an entry of the ledger, stored before and
// after each write, so that the next holder continues the window. A process that no other one contends with keeps the lease from write to
// write, and gives it back when it has not written for a moment.
//
// A process that waits leaves a request in the ledger. The holder looks for one
// before each write, gives the lease back when it has had it for a while, and lets
// another process take it before it asks again itself.
//
// What is not known is assumed for the worse. A write in which a process
// died is counted as ended when its lease is taken over, and no other one begins
// until some seconds after it began. Of another machine, whose clock may differ, only
// the distances between its own times are believed: its latest is taken for now.
package lane
