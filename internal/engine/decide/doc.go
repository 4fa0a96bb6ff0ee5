// Package decide says what becomes of an item that a source lists.
//
// [Decide] is a pure function of what is known: the listed item, what the session
// and the ledger know of it, and what the destination refuses. A run stores what
// it decides, a plan prints it.
package decide
