// Package flow decides how many files are in flight and how fast their bytes
// move.
//
// [Slots] lets files start, as many of each class of sizes as fill the line: a
// tuner for each class measures what more or fewer files in flight gain. [Limits]
// pace the bytes. Both may be changed while a run goes on, and the slots may be
// paused.
package flow
