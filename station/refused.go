package station

import "github.com/gondola-sync/gondola/media"

// RefusedError says that an item cannot be carried, as only opening it showed:
// its size, mostly. It is no failure of the item.
type RefusedError struct{ media.Refusal }

func (e *RefusedError) Error() string { return e.Reason }
