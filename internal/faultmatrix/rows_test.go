package faultmatrix

import "slices"

// matrix is all rows.
func matrix() []*row {
	return slices.Concat(passed(), stayed(), refused(), rights(), lostRenewals(), quotas(), created(), fetched(), sent(), listed(), skewed())
}
