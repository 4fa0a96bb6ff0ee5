package jsondir

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// index holds what is asked of all items of a session, so that no query reads
// more files than it returns items. It is what a large session costs in memory:
// about 150 bytes per item.
type index struct {
	id      string // of the session
	items   []entry
	order   []slot         // of the items, by Seq
	byKey   claims         // by identity
	byName  claims         // by folded file
	shared  map[print]bool // folded files that more than one item has claimed
	batches map[int]string // file of each batch

	// What only sessions have of which q2google wrote some:
	foreign bool              // to be rewritten before the first change
	theirs  *q2google.Session // what is read until then
	hasFlat bool
	flat    bool     // the flat file is the later one; the files are not there
	stale   []string // of records that another file replaces

	strays []string // files that are no records, such as "items/._a.jpg.json"

	sorted map[driver.Order][]slot // what has been asked for, until items change in it
}

// entry is one item.
type entry struct {
	seq     int64
	size    int64
	carried int64
	name    string
	file    string // without directory
	awaits  word
	outcome word
	taken   instant
	named   bool // known by name only
	dropped bool // another entry replaces it
}

// slot is the place of an item in an index, which it keeps.
type slot int32

const none slot = -1

// newIndex returns an index with room for so many items.
func newIndex(h header, items int) *index {
	return &index{
		id:    h.ID,
		items: make([]entry, 0, items), order: make([]slot, 0, items),
		byKey: make(claims, items), byName: make(claims, items), shared: map[print]bool{}, batches: map[int]string{},
		foreign: !h.ours || h.hasFlat, hasFlat: h.hasFlat,
	}
}

// identity returns what an item is known by. No key of an ID has a NUL.
func identity(r driver.Row) string {
	if r.Key == "" {
		return named(r.Name)
	}
	return r.Key
}

func named(name string) string { return "\x00" + name }

func newEntry(r driver.Row, file string) entry {
	e := entry{seq: r.Seq, name: r.Name, file: file}
	if stem, _ := strings.CutSuffix(file, ".json"); stem == e.name {
		e.name = stem // in the same memory
	}
	e.set(r)
	return e
}

// set takes over what changes of an item.
func (e *entry) set(r driver.Row) {
	e.named, e.awaits, e.outcome = r.Key == "", wordOf(r.Next), wordOf(r.Outcome)
	e.size, e.carried, e.taken = r.Size, r.Carried, instantOf(r.Captured)
}

// row returns what Lookup tells of an item. What its key is, the index does not
// know.
func (e *entry) row() driver.Row {
	r := driver.Row{Seq: e.seq, Key: "known", Name: e.name, Next: words[e.awaits], Outcome: words[e.outcome], Size: e.size, Carried: e.carried}
	if e.named {
		r.Key = ""
	}
	return r
}

// add enters a new item. The caller cares for the order.
func (ix *index) add(key string, e entry) slot {
	s := slot(len(ix.items))
	ix.items = append(ix.items, e)
	ix.byKey[printOf(key)] = s
	ix.takeName(s)
	ix.foreign = ix.foreign || e.seq == 0
	return s
}

// drop forgets an item that another one replaces. The caller cares for the
// order.
func (ix *index) drop(s slot) {
	e := &ix.items[s]
	e.dropped = true
	ix.discard("items/" + e.file)
	ix.freeName(s)
	for key, held := range ix.byKey {
		if held == s {
			delete(ix.byKey, key)
		}
	}
}

// discard marks a file to be removed before the first change.
func (ix *index) discard(file string) {
	ix.stale = append(ix.stale, file)
	ix.foreign = true
}

// names returns the folded files that an item keeps others from taking: that of
// its name, and the one it is in.
func (e *entry) names() [2]print {
	file := printOf(fold(e.file))
	if own := fileOf(e.name); own != e.file {
		return [2]print{printOf(fold(own)), file}
	}
	return [2]print{file, file}
}

func (ix *index) takeName(s slot) {
	for _, name := range ix.items[s].names() {
		switch holder, taken := ix.byName[name]; {
		case !taken:
			ix.byName[name] = s
		case holder != s:
			ix.shared[name] = true
		}
	}
}

// freeName frees the name of an item; another one may have waited for it.
func (ix *index) freeName(s slot) {
	for _, name := range ix.items[s].names() {
		if holder, taken := ix.byName[name]; !taken || holder != s {
			continue
		}
		delete(ix.byName, name)
		if !ix.shared[name] {
			continue
		}
		for i := range ix.items {
			e := &ix.items[i]
			if slot(i) == s || e.dropped {
				continue
			}
			if other := e.names(); other[0] == name || other[1] == name {
				ix.byName[name] = slot(i)
				break
			}
		}
	}
}

// sort puts the items in order by Seq. An item known by name whose Seq an
// identified one has, has been given that identity under another name.
func (ix *index) sort() {
	bySeq := map[int64]slot{}
	for i, e := range ix.items {
		if e.named && e.seq > 0 && !e.dropped {
			bySeq[e.seq] = slot(i)
		}
	}
	for _, e := range ix.items {
		if old, ok := bySeq[e.seq]; ok && !e.named && !e.dropped {
			ix.drop(old)
			delete(bySeq, e.seq)
		}
	}
	ix.order = ix.order[:0]
	for i := range ix.items {
		if !ix.items[i].dropped {
			ix.order = append(ix.order, slot(i))
		}
	}
	state.SortBySeq(ix.order, func(s slot) *int64 { return &ix.items[s].seq })
}

// lastSeq returns the Seq of the item found last.
func (ix *index) lastSeq() int64 {
	if len(ix.order) == 0 {
		return 0
	}
	return ix.items[ix.order[len(ix.order)-1]].seq
}

// from returns the items with at least this Seq, in order.
func (ix *index) from(seq int64) []slot {
	n, _ := slices.BinarySearchFunc(ix.order, seq, func(s slot, seq int64) int { return cmp.Compare(ix.items[s].seq, seq) })
	return ix.order[n:]
}

// bySeq returns the item with this Seq.
func (ix *index) bySeq(seq int64) slot {
	if after := ix.from(seq); len(after) > 0 && ix.items[after[0]].seq == seq {
		return after[0]
	}
	return none
}
