package sessioncopy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/state"
)

// digest sums up the documents of a session: its items by seq, its batches by
// index, its header. What each store sets by itself is left out: the header's
// time of update, and the numbers of the items, of which only the order counts.
type digest struct {
	sum            hash.Hash
	items, batches int
}

func newDigest() *digest { return &digest{sum: sha256.New()} }

func (d *digest) item(it *state.Item) error {
	d.items++
	numbered := *it
	numbered.Seq = int64(d.items)
	data, err := state.Documents{}.EncodeItem(&numbered)
	return d.add("item", data, err)
}

func (d *digest) batch(b *state.Batch) error {
	d.batches++
	data, err := state.Documents{}.EncodeBatch(b)
	return d.add("batch", data, err)
}

func (d *digest) header(s *state.Session) error {
	timeless := *s
	timeless.UpdatedAt, timeless.Copying = time.Time{}, false
	data, err := state.Documents{}.EncodeSession(&timeless)
	return d.add("session", data, err)
}

func (d *digest) add(kind string, document []byte, err error) error {
	if err == nil {
		document, err = canonical(document)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.sum, "%s %d\n%s\n", kind, len(document), document)
	return nil
}

func (d *digest) String() string { return "sha256:" + hex.EncodeToString(d.sum.Sum(nil)) }

// canonical writes a JSON document in the one form that all stores agree on:
// compact, members by name, and numbers as the value they have, since a store
// may keep 1.0 as 1.
func canonical(document []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(plain(v))
}

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = plain(member)
		}
	case []any:
		for i, element := range v {
			v[i] = plain(element)
		}
	case json.Number:
		return number(v)
	}
	return v
}

// number returns the shortest form of a number.
func number(n json.Number) json.Number {
	if whole, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return json.Number(strconv.FormatInt(whole, 10))
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	switch {
	case err != nil: // beyond all stores
		return n
	case f > -1<<53 && f < 1<<53 && f == math.Trunc(f):
		return json.Number(strconv.FormatInt(int64(f), 10))
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}
