package fault

import (
	"cmp"
	"slices"
)

// Disturb returns the rows of a page as a fault leaves them.
func Disturb[R any](rows []R, failure *Fault) []R {
	if failure == nil || len(rows) == 0 {
		return rows
	}
	switch failure.Kind {
	case ShortPage:
		return rows[:min(cmp.Or(failure.Count, 12), len(rows)-1)]
	case Reorder:
		rows = slices.Clone(rows)
		slices.Reverse(rows)
	}
	return rows
}
