package q2google

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// Codec is the codec of stores that q2google reads and writes too. Its documents
// are q2google's, with what q2google does not know under a key of their own. What
// q2google says of an item is read as it is: see [Read].
//
// It has no struct of a document: the members that both programs know go by the
// same keys in the documents of [state.Documents], and are converted one by one.
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
	return !isNone(jsonlimit.Member(document, ownKey))
}

// ours is Ours for what may be no JSON.
func ours(document []byte) bool {
	return len(document) <= state.MaxDocument && json.Valid(document) && Ours(document)
}

// encode returns a document of Gondola's as one of q2google's: what q2google knows,
// what neither knows, and the rest under ownKey. derived are members that Gondola's
// do not have.
func (o object) encode(document []byte, extra, derived members) ([]byte, error) {
	shared, rest := members{}, []byte("{")
	for quoted, value := range jsonlimit.Members(document) {
		key, err := jsonlimit.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		if _, ok := extra[string(key)]; ok || o.has(string(key)) {
			shared[string(key)] = value
			continue
		}
		rest = jsonlimit.AppendMember(rest, string(key), value)
	}
	maps.Copy(shared, derived)
	shared[ownKey] = append(rest, '}')
	var b bytes.Buffer
	if err := json.Indent(&b, o.write(shared), "", "  "); err != nil {
		return nil, err
	}
	if b.Len() > state.MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", state.MaxDocument>>20)
	}
	return b.Bytes(), nil
}

// decode returns the members of a document that q2google wrote, as Gondola writes
// them.
func (o object) decode(document []byte) (members, error) {
	var none struct{}
	all, err := state.DecodeFields(document, &none)
	if err != nil {
		return nil, err
	}
	fields, err := o.read(all)
	if err != nil {
		return nil, err
	}
	maps.Copy(fields, state.Unclaimed(all))
	return fields, nil
}
