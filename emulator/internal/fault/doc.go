// Package fault holds the faults that wait for the calls of an emulated service,
// and passes the one that hits a call to its handler.
package fault
