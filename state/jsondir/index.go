package jsondir

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// index is what is asked of all items and batches of a session, so that no query
// reads more files than it returns items. It is what a large session costs in
// memory: about 240 bytes per item.
//
// Its rows have no document, but a file name in Where. Those of a session that
// Gondola has to adopt have their documents, as they will be.
type index struct {
	*driver.Memory
	byKey   map[print]int32 // places of rows, by identity
	byName  map[print]int32 // places of rows, by folded name
	doubles []int32         // places of rows whose folded name another row has
	strays  []string        // files that are no records, such as "items/._a.jpg.json"

	adoption *adoption // nil if Gondola wrote all that is stored
}

// adoption is what has to be done to a session before its first change, since
// q2google wrote some of it or a crash left records twice.
type adoption struct {
	*q2google.Session
	flat    bool     // the flat file is the later one; the files of the index are not there
	hasFlat bool     // there is one
	stale   []string // files of records that other ones replace
}

// print stands for a text that would be too long to keep for every item. Two
// texts with the same print among a million are less likely than one in 2^56.
type print [12]byte

func printOf(text string) print {
	sum := sha256.Sum256([]byte(text))
	return print(sum[:12])
}

// known is the key of all rows in the index that have one.
const known = "known"

// inFile is the document of a batch in the index that is in its file.
var inFile = []byte{}

func newIndex(id string) *index {
	m := &driver.Memory{Header: driver.Header{ID: id}}
	return &index{Memory: m, byKey: map[print]int32{}, byName: map[print]int32{}}
}

// grow makes room for all items of a large session at once.
func (ix *index) grow(items int) {
	ix.Rows = make([]driver.Row, 0, items)
	ix.byKey, ix.byName = make(map[print]int32, items), make(map[print]int32, items)
}

func namePrint(name string) print { return printOf(fold(fileOf(name))) }

// enter makes a row one that can be picked. Of its key only the print is kept.
func (ix *index) enter(place int) {
	row := &ix.Rows[place]
	ix.byKey[printOf(row.Identity())] = int32(place)
	ix.claim(int32(place))
	if row.Key != "" {
		row.Key = known
	}
	if strings.HasPrefix(row.Where, row.Name) {
		row.Name = row.Where[:len(row.Name)] // in the same memory
	}
}

// claim lets a row be picked by names that fold as its own, unless another one is.
func (ix *index) claim(place int32) {
	name := namePrint(ix.Rows[place].Name)
	switch holder, taken := ix.byName[name]; {
	case !taken:
		ix.byName[name] = place
	case holder != place:
		ix.doubles = append(ix.doubles, place)
	}
}

// leave is called before a row gets another identity or name.
func (ix *index) leave(place int, next driver.Row) {
	row := ix.Rows[place]
	if row.Key == "" {
		delete(ix.byKey, printOf(row.Identity()))
	}
	if row.Name == next.Name {
		return
	}
	ix.doubles = slices.DeleteFunc(ix.doubles, func(double int32) bool { return double == int32(place) })
	if name := namePrint(row.Name); ix.byName[name] == int32(place) {
		delete(ix.byName, name)
		waiting := ix.doubles
		ix.doubles = nil
		for _, double := range waiting {
			ix.claim(double)
		}
	}
}

// pick returns the row that ref picks: by name the one whose file the name would
// take on any file system. nil if there is none.
func (ix *index) pick(ref driver.Ref) *driver.Row {
	place, found := int32(0), false
	switch {
	case ref.Key != "":
		place, found = ix.byKey[printOf(ref.Key)]
	case ref.Name != "":
		if place, found = ix.byKey[printOf(driver.Row{Name: ref.Name}.Identity())]; !found {
			place, found = ix.byName[namePrint(ref.Name)]
		}
	default:
		at, has := ix.Place(ref.Seq)
		place, found = int32(at), has
	}
	if !found {
		return nil
	}
	return &ix.Rows[place]
}

// lookup returns the rows that refs pick, each once.
func (ix *index) lookup(refs driver.Refs) (found driver.Found) {
	seen := map[int64]bool{}
	add := func(ref driver.Ref) {
		row := ix.pick(ref)
		if row == nil || seen[row.Seq] {
			return
		}
		seen[row.Seq] = true
		found.Rows = append(found.Rows, *row)
		if ref.Key != "" {
			found.Rows[len(found.Rows)-1].Key = ref.Key
		}
	}
	for _, key := range refs.Keys {
		add(driver.Ref{Key: key})
	}
	for _, name := range refs.Names {
		add(driver.Ref{Name: name})
	}
	for _, seq := range refs.Seqs {
		add(driver.Ref{Seq: seq})
	}
	if n := len(ix.Rows); n > 0 {
		found.Last = ix.Rows[n-1].Seq
	}
	return found
}

// apply enters rows that have been written to their files.
func (ix *index) apply(rows []driver.Row) {
	for _, row := range rows {
		row.Document = nil
		if place, found := ix.Place(row.Seq); found {
			ix.leave(place, row)
		}
		ix.Write(driver.Write{Items: []driver.Change{{Row: row}}})
		place, _ := ix.Place(row.Seq)
		ix.enter(place)
	}
}

// applyBatches enters batches that have been written to their files, or removed.
func (ix *index) applyBatches(changes []driver.Batch) {
	for _, b := range changes {
		if b.Document != nil {
			b.Document = inFile
		}
		ix.Write(driver.Write{Batches: []driver.Batch{b}})
	}
}
