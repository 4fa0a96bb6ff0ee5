// Package summary reads the line in which sync --json sums up a run, by what the
// documentation promises and not with the code that writes it.
package summary
