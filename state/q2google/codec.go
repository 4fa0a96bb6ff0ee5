package q2google

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// Codec is the codec of stores that q2google reads and writes too. Its documents
// are q2google's, with what q2google does not know under a key of their own. What
// q2google says of an item is read as it is: see [Read].
type Codec struct{}

var _ state.Codec = Codec{}

// ownKey is the key under which Gondola's fields stand in the documents it shares
// with q2google. q2google ignores it, and loses it when it saves.
const ownKey = "gondola"

// own encodes all that Gondola knows. It reads documents of q2google's form that
// have ownKey, too.
var own state.Documents

// Ours reports whether Gondola wrote a document last, which has to be JSON.
func Ours(document []byte) bool {
	value := jsonlimit.Member(document, ownKey)
	return value != nil && !isNull(value)
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }

// ours is Ours for what may be no JSON.
func ours(document []byte) bool {
	return len(document) <= state.MaxDocument && json.Valid(document) && Ours(document)
}

// join returns a document of q2google's, then what no program knows, then the
// members of own that are not said yet.
func join(theirs any, extra map[string]json.RawMessage, own []byte) ([]byte, error) {
	outer, err := state.EncodeFields(theirs, extra)
	if err != nil {
		return nil, err
	}
	said := map[string]bool{}
	for quoted := range jsonlimit.Members(outer) {
		said[string(quoted)] = true
	}
	all := append(outer[:len(outer)-len("}")], `,"`+ownKey+`":{`...)
	for quoted, value := range jsonlimit.Members(own) {
		if said[string(quoted)] {
			continue
		}
		all = append(append(append(append(all, quoted...), ':'), value...), ',')
	}
	all = append(bytes.TrimSuffix(all, []byte(",")), "}}"...)
	var b bytes.Buffer
	if err := json.Indent(&b, all, "", "  "); err != nil {
		return nil, err
	}
	if b.Len() > state.MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", state.MaxDocument>>20)
	}
	return b.Bytes(), nil
}
