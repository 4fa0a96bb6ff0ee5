package gopro

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/media"
)

// maxPart is more than any set has parts; greater numbers are something else.
const maxPart = 1 << 20

// identify returns the entries of one label, one for each object, in order and
// with what distinguishes them. The order they stand in says nothing.
//
// The part is an entry's item_number, or else the number in its address, or 0 for
// none. Entries of one part, or of none, are distinguished by their objects: see
// [Entry.fingerprint].
func identify(entries []Entry) []Entry {
	entries = distinctObjects(entries)
	number(entries)
	alike := make(map[int]int, len(entries)) // entries of a part
	plain := make(map[int]int, len(entries)) // those among them whose address says the part, too
	for _, e := range entries {
		alike[e.Part]++
		if e.ordinary() {
			plain[e.Part]++
		}
	}
	for i := range entries {
		e := &entries[i]
		if e.ordinary() && plain[e.Part] == 1 {
			continue
		}
		e.mark = e.fingerprint()
		e.marked = alike[e.Part] > 1 || e.Part == 0 && len(entries) > 1 || e.elsewhere()
	}
	slices.SortStableFunc(entries, byIdentity)
	return slices.CompactFunc(entries, func(a, b Entry) bool { return a.marked && b.marked && byIdentity(a, b) == 0 })
}

// byIdentity orders entries by their parts, those without one last.
func byIdentity(a, b Entry) int {
	last := func(e Entry) int { return cmp.Or(e.Part, maxPart+1) }
	if c := cmp.Compare(last(a), last(b)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.addressPart(), b.addressPart()), strings.Compare(a.object(), b.object()), strings.Compare(a.mark, b.mark))
}

// distinctObjects leaves out entries that repeat the address of another one of
// their number, or without a number.
func distinctObjects(entries []Entry) []Entry {
	at := make(map[string]int, len(entries))
	var found []Entry
	for _, e := range entries {
		i, ok := at[e.object()]
		if !ok || e.object() == "" || found[i].Part != e.Part && found[i].Part != 0 && e.Part != 0 {
			at[e.object()] = len(found)
			found = append(found, e)
			continue
		}
		part := cmp.Or(found[i].Part, e.Part)
		if e.usable() && !found[i].usable() {
			found[i] = e
		}
		found[i].Part = part
	}
	return found
}

// number settles the part of each entry. Numbers of several entries that are all
// absent or 1 say nothing: what their addresses say counts.
func number(entries []Entry) {
	silent := len(entries) > 1
	for _, e := range entries {
		silent = silent && e.Part <= 1 && !e.elsewhere()
	}
	byAddress := silent || len(entries) == 1 && entries[0].Part <= 1 && entries[0].layoutPart() > 0
	for i, e := range entries {
		if byAddress || !valid(e.Part) {
			entries[i].Part = e.layoutPart()
		}
	}
}

func valid(part int) bool { return 1 <= part && part <= maxPart }

// addressPart returns the number that the last element of the address consists
// of up to its first dot, or 0.
func (e Entry) addressPart() int {
	stem, _, _ := strings.Cut(path.Base(e.object()), ".")
	n, err := strconv.Atoi(stem)
	if err != nil || !valid(n) {
		return 0
	}
	return n
}

// layoutPart is addressPart of an address as the cloud lays them out,
// …/LABEL/POSITION/NUMBER.TYPE, or 0.
func (e Entry) layoutPart() int {
	if e.layoutLabel() != e.Label {
		return 0
	}
	return e.addressPart()
}

func (e Entry) layoutLabel() string { return path.Base(path.Dir(path.Dir(e.object()))) }

// elsewhere reports whether the entry is of another lens than the usual one, which
// numbers its own files.
func (e Entry) elsewhere() bool { return e.Position != "" && e.Position != "default" }

// ordinary reports whether number, position and address agree, so that the number
// alone identifies the entry in every listing.
func (e Entry) ordinary() bool { return valid(e.Part) && !e.elsewhere() && e.layoutPart() == e.Part }

// fingerprint names the entry's object: by the path of its address, which stays
// the same in every signature, or by position and type if it has none.
func (e Entry) fingerprint() string {
	sum := sha256.Sum256([]byte(cmp.Or(e.object(), e.Position+"\x00"+e.kind())))
	return hex.EncodeToString(sum[:6])
}

// itemID is the identity of an entry that an item stands for.
func itemID(medium string, e Entry) media.ID {
	id := media.ID{Station: scheme, Medium: medium, Part: max(e.Part, 1), Label: e.Label}
	if e.marked {
		return id.Of(e.mark)
	}
	return id
}

// objectID is the identity of an entry's object, whatever else is listed.
func objectID(medium string, e Entry) media.ID { return itemID(medium, e).Of(e.mark) }
