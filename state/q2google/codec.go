package q2google

import (
	"bytes"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// Codec is the codec of stores that q2google reads and writes too. Its documents
// are q2google's, with what q2google does not know under a key of their own. What
// q2google says of an item is read as it is: see [Read].
type Codec struct{}

var _ state.Codec = Codec{}

// Ours reports whether Gondola wrote a document last, which has to be valid JSON:
// q2google loses Gondola's key.
func Ours(document []byte) bool { return !isNull(jsonlimit.Member(bytes.TrimSpace(document), ownKey)) }
