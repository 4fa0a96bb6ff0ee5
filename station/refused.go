package station

import (
	"fmt"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// RefusedError says that an item cannot be carried, as only opening it showed:
// its size, mostly. It is no failure of the item.
type RefusedError struct{ media.Refusal }

func (e *RefusedError) Error() string { return e.Reason }

// UnreadError says that parts of a source, such as files or directories, could not
// be read. It is the cause of the fault, of class Item with the code
// fault.ListingIncomplete, with which a listing ends that showed everything else: a
// run then carries the rest, and counts each part as failed.
type UnreadError struct {
	Parts int      // that could not be read
	First []string // the first few, with the reasons
}

func (e *UnreadError) Error() string {
	said := strings.Join(e.First, "; ")
	if more := e.Parts - len(e.First); more > 0 {
		said += fmt.Sprintf("; and %d more", more)
	}
	return said
}
