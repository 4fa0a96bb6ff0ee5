package jsondir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// pageSize is how many items of an iteration are looked up at a time.
const pageSize = 64

// Items iterates the items that q selects, by Seq, reading each from its file.
func (b *Backend) Items(ctx context.Context, id string, q state.ItemQuery) iter.Seq2[*state.Item, error] {
	return func(yield func(*state.Item, error) bool) {
		s, err := b.session(ctx, id)
		for after, n := q.After, 0; err == nil; {
			var page []int64
			page, err = s.page(ctx, id, q.Awaiting, after)
			if len(page) == 0 {
				break
			}
			for _, seq := range page {
				var it *state.Item
				if it, err = s.bySeq(ctx, id, seq); err != nil {
					break
				}
				after = seq
				if q.Awaiting != "" && it.Awaits() != q.Awaiting {
					continue // it has moved on
				}
				if n++; !yield(it, nil) || n == q.Limit {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// page returns the next items of an iteration.
func (s *session) page(ctx context.Context, id string, awaiting state.Stage, after int64) ([]int64, error) {
	if err := s.b.usable(ctx); err != nil {
		return nil, err
	}
	var page []int64
	err := s.view(ctx, id, func(ix *index) {
		for _, s := range ix.from(after + 1) {
			if e := &ix.items[s]; awaiting == "" || e.awaits == wordOf(awaiting) {
				if page = append(page, e.seq); len(page) == pageSize {
					return
				}
			}
		}
	})
	return page, err
}

func (s *session) bySeq(ctx context.Context, id string, seq int64) (*state.Item, error) {
	return s.find(ctx, id, func(ix *index) slot { return ix.bySeq(seq) })
}

// Item returns the item with this identity, or state.ErrNotFound.
func (b *Backend) Item(ctx context.Context, id, key string) (*state.Item, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.find(ctx, id, func(ix *index) slot { return ix.byKey.of(key) })
}

// ItemNamed returns the item whose file the name would take on any file system:
// names whose files differ only in case or Unicode normalisation collide.
func (b *Backend) ItemNamed(ctx context.Context, id, name string) (*state.Item, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.find(ctx, id, func(ix *index) slot { return ix.byName.of(fold(fileOf(name))) })
}

// find reads the item that look picks. It looks again if the item's file went
// away in between, since a new name gives it a new file.
func (s *session) find(ctx context.Context, id string, look func(*index) slot) (*state.Item, error) {
	var it *state.Item
	var err error
	for range 3 {
		var e entry
		var ix *index
		if err := s.view(ctx, id, func(now *index) {
			if found := look(now); found != none {
				e, ix = now.items[found], now
			}
		}); err != nil {
			return nil, err
		}
		if ix == nil {
			return nil, state.ErrNotFound
		}
		if it, err = s.read(ix.flat, ix.evidence, e); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return it, err
}

// read reads the item of an entry.
func (s *session) read(flat map[string][]byte, evidence *state.Evidence, e entry) (*state.Item, error) {
	var it *state.Item
	var err error
	if data, ok := flat["items/"+e.file]; ok {
		it, _, err = state.DecodeItem(data)
	} else {
		it, _, err = s.b.readItem(s.dir, e.file, evidence)
	}
	if err == nil {
		it.Seq = e.seq
	}
	return it, err
}

// readItem reads an item's file and settles what q2google wrote in it.
func (b *Backend) readItem(dir, file string, evidence *state.Evidence) (it *state.Item, ours bool, err error) {
	var data bytes.Buffer
	return b.decodeItem(b.root, dir+"/items/"+file, "", &data, evidence)
}

// decodeItem is readItem below another root, in with which it is below ours,
// with a buffer to read into.
func (b *Backend) decodeItem(root *os.Root, file, in string, data *bytes.Buffer, evidence *state.Evidence) (it *state.Item, ours bool, err error) {
	if err := readInto(data, root, file, maxDocument); err != nil {
		return nil, false, b.fault("read", in+file, err)
	}
	it, ours, err = state.DecodeItem(data.Bytes())
	if err != nil {
		return nil, false, b.corrupt(in+file, err)
	}
	if !ours {
		evidence.Settle(it)
	}
	return it, ours, nil
}

// Counts sums up the session's items.
func (b *Backend) Counts(ctx context.Context, id string) (state.Counts, error) {
	c := state.Counts{Outcomes: map[state.Outcome]int{}}
	s, err := b.session(ctx, id)
	if err != nil {
		return c, err
	}
	err = s.view(ctx, id, func(ix *index) {
		c.Total = len(ix.order)
		for _, s := range ix.order {
			e := &ix.items[s]
			outcome := state.Outcome(words[e.outcome])
			c.Outcomes[outcome]++
			c.Carried += e.carried
			if outcome != state.OutcomeSkipped && e.size > 0 {
				c.Bytes += e.size
			}
		}
	})
	return c, err
}

// PutItems stores items, one file each, and syncs their directory once.
func (b *Backend) PutItems(ctx context.Context, id string, items ...*state.Item) error {
	s, err := b.session(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, id, func() error {
		puts, err := s.ix.plan(items)
		if err != nil || len(puts) == 0 {
			return err
		}
		return s.put(ctx, puts)
	})
}

// put is one item to be stored.
type put struct {
	it   *state.Item
	key  string
	old  slot   // that it changes or replaces; none for a new item
	from string // the file that it is in so far; "" for a new item
	seq  int64
	file string
	data []byte
}

// plan tells what is to be written where, and refuses all if one cannot be.
func (ix *index) plan(items []*state.Item) ([]*put, error) {
	puts, err := ix.assign(items)
	if err != nil {
		return nil, err
	}
	if err := ix.checkNames(puts); err != nil {
		return nil, err
	}
	for _, p := range puts {
		p.file = ix.fileFor(p)
		stored := *p.it
		stored.Seq = p.seq
		if p.data, err = state.EncodeItem(&stored); err != nil {
			return nil, err
		}
	}
	return puts, nil
}

// assign tells which stored item each one changes, if any.
func (ix *index) assign(items []*state.Item) ([]*put, error) {
	var puts []*put
	keys, replaced := map[string]*put{}, map[slot]bool{}
	last := ix.lastSeq()
	for _, it := range items {
		if err := checkItem(it); err != nil {
			return nil, state.Unstorable(it, err)
		}
		p := keys[identity(it)]
		if p == nil {
			p = &put{key: identity(it), old: ix.match(it)}
			puts, keys[p.key] = append(puts, p), p
			switch {
			case p.old == none:
				last++
				p.seq = last
			case replaced[p.old]:
				return nil, badItem(it, errors.New("two items give an identity to the same one"))
			default:
				p.seq, p.from, replaced[p.old] = ix.items[p.old].seq, ix.items[p.old].file, true
			}
		}
		p.it = it // the last one of an identity counts
	}
	return puts, nil
}

// checkNames refuses an item whose name another one takes, or keeps.
func (ix *index) checkNames(puts []*put) error {
	names, changed := map[string]bool{}, map[slot]*put{}
	for _, p := range puts {
		if p.old != none {
			changed[p.old] = p
		}
	}
	for _, p := range puts {
		name := fold(fileOf(p.it.Name))
		holder := ix.byName.of(name)
		gone := holder == none || holder == p.old || changed[holder] != nil && fold(fileOf(changed[holder].it.Name)) != name
		if kept := p.old != none && ix.items[p.old].name == p.it.Name; names[name] || !gone && !kept {
			return badItem(p.it, errors.New("another item of the session takes its name"))
		}
		names[name] = true
	}
	return nil
}

// fileFor returns the file for an item: the one it is in, unless it gets another
// name. Its own may be taken, by what is no record or by an item that gives its
// name up in the same call, so that neither is overwritten.
func (ix *index) fileFor(p *put) string {
	file := fileOf(p.it.Name)
	if p.old != none && (ix.items[p.old].name == p.it.Name || fold(file) == fold(p.from)) {
		return p.from
	}
	holder := ix.byName.of(fold(file))
	inUse := holder != none && holder != p.old && fold(ix.items[holder].file) == fold(file)
	if inUse || slices.Contains(ix.strays, "items/"+file) {
		return apart(p.it.Name)
	}
	return file
}

func badItem(it *state.Item, why error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op: fmt.Sprintf("store item %q (%s)", it.Name, it.ID.Key()), Err: why,
	}
}

// match returns what an item changes: that of its identity, or, if it is new,
// the one known by name only that it gives an identity to.
func (ix *index) match(it *state.Item) slot {
	if s := ix.byKey.of(identity(it)); s != none {
		return s
	}
	if it.Seq > 0 && !it.ID.IsZero() {
		if s := ix.bySeq(it.Seq); s != none && ix.items[s].named {
			return s
		}
	}
	return ix.byKey.of(named(it.Name))
}

// put writes items and enters them into the index. The files of former names
// go last.
func (s *session) put(ctx context.Context, puts []*put) error {
	dir := s.dir + "/items"
	if err := s.b.makeDir(dir); err != nil {
		return err
	}
	var files []file
	var old []string
	for _, p := range puts {
		files = append(files, file{dir + "/" + p.file, p.data})
		if p.from != "" && p.from != p.file {
			old = append(old, p.from)
		}
	}
	if err := s.b.writeFiles(ctx, dir, files); err != nil {
		return err
	}
	s.update(func(ix *index) {
		for _, p := range puts {
			ix.apply(p)
			p.it.Seq = p.seq
		}
	})
	for _, former := range old {
		if err := s.b.remove(dir + "/" + former); err != nil {
			return err
		}
	}
	return nil
}

// apply enters what has been written.
func (ix *index) apply(p *put) {
	if p.old == none {
		e := newEntry(p.it, p.file, true)
		e.seq = p.seq
		ix.order = append(ix.order, ix.add(p.key, e))
		return
	}
	e := &ix.items[p.old]
	moved := e.file != p.file || e.name != p.it.Name
	if moved {
		ix.freeName(p.old)
	}
	if e.named {
		delete(ix.byKey, printOf(named(e.name)))
	}
	e.name, e.file = p.it.Name, p.file
	e.set(p.it)
	ix.byKey[printOf(p.key)] = p.old
	if moved {
		ix.takeName(p.old)
	}
}
