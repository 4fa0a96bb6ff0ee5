// Package monitor counts what a run moves, publishes what happens in it, and
// writes both to the store for other processes.
package monitor
