// Package faultmatrix proves that a sync and a verification survive every fault
// at every route: a table test, one row per fault and place, of the real engine
// and clients over the emulator in memory, on synthetic time.
package faultmatrix
