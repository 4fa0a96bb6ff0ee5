package carry

import "time"

// The bounds on repeating one item's transfer, as the package documentation lists
// them.
const (
	mostOpenings   = 4 // of the first opening of an upload
	openingsBudget = time.Minute

	mostRestarts = 2 // of an upload whose source changed

	mostTries = 2 // of an item in one run
	// restBeforeRetry is the wait before the second try, long enough for a router
	// to start again.
	restBeforeRetry = 2 * time.Minute
)
