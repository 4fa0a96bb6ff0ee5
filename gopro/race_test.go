//go:build race

package gopro_test

// raced says that the race detector runs, which makes the suite of stations
// several times as dear: it sees the usual variant, a run without it sees all.
const raced = true
