package station

import "github.com/gondola-sync/gondola/media"

// RemoteItem is what a destination says of an item that it holds. What it does not
// say has its zero value.
type RemoteItem struct {
	Name          string
	MIME          string
	Kind          media.Kind
	Width, Height int // pixels
	Readiness     Readiness
}

// Readiness says whether a destination is done with an item.
type Readiness string

// The kinds of readiness. A destination that processes nothing says Ready.
const (
	Ready      Readiness = "ready"
	Processing Readiness = "processing" // later it will be Ready or Unusable
	Unusable   Readiness = "unusable"   // it could not be processed
	Altered    Readiness = "altered"    // its bytes are not those that were put there
)
