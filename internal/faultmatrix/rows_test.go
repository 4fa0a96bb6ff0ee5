package faultmatrix

import (
	"slices"
	"strings"
)

// matrix is all rows, in the order of their names.
func matrix() []*row {
	rows := slices.Concat(passed(), stayed(), refused(), rights(), lostRenewals(), quotas(), created(), fetched(), sent(), patient(), versions(), listed(), skewed(),
		verified(), severalFiles(), oddly())
	slices.SortFunc(rows, func(a, b *row) int { return strings.Compare(a.name(), b.name()) })
	return rows
}
