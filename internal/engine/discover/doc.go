// Package discover is the first stage of a run: it lists the source into the
// session.
//
// Each listed item is decided about (see package decide) and stored before
// anything is done with it. A plan asks the same [Lookup] and [Limit] and stores
// nothing.
package discover
