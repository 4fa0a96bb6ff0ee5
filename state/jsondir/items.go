package jsondir

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/q2google"
)

// Find returns the item that ref picks, from its file. By name it is the one
// whose file the name would take on any file system.
func (b *db) Find(ctx context.Context, id string, ref driver.Ref) (driver.Row, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return driver.Row{}, err
	}
	return s.find(ctx, id, func(ix *index) slot {
		switch {
		case ref.Key != "":
			return ix.byKey.of(ref.Key)
		case ref.Name != "":
			return ix.byName.of(b.Fold(ref.Name))
		}
		return ix.bySeq(ref.Seq)
	})
}

// find reads the item that look picks. It looks again if the item's file went
// away in between, since a new name gives it a new file.
func (s *session) find(ctx context.Context, id string, look func(*index) slot) (row driver.Row, err error) {
	for range 3 {
		var e entry
		var ix *index
		if err := s.view(ctx, id, func(now *index) {
			if found := look(now); found != none {
				e, ix = now.items[found], now
			}
		}); err != nil {
			return row, err
		}
		if ix == nil {
			return row, driver.ErrNotFound
		}
		if row, err = s.row(ix, e); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return row, err
}

// row returns an item as its file has it, or will have it.
func (s *session) row(ix *index, e entry) (row driver.Row, err error) {
	row = driver.Row{Seq: e.seq, Where: s.dir + "/items/" + e.file}
	if ix.theirs != nil {
		return ix.theirs.Find(driver.Ref{Seq: e.seq})
	}
	if row.Document, err = s.b.readFile(row.Where, maxDocument); err != nil {
		err = s.b.fault("read", row.Where, err)
	}
	return row, err
}

// readItem reads an item's file.
func (b *db) readItem(dir, file string) (*state.Item, error) {
	var data bytes.Buffer
	return b.decodeItem(b.root, dir+"/items/"+file, "", &data)
}

// decodeItem is readItem below another root, in with which it is below ours,
// with a buffer to read into.
func (b *db) decodeItem(root *os.Root, file, in string, data *bytes.Buffer) (*state.Item, error) {
	if err := readInto(data, root, file, maxDocument); err != nil {
		return nil, b.fault("read", in+file, err)
	}
	it, err := q2google.Codec{}.DecodeItem(data.Bytes())
	if err != nil {
		return nil, b.Damaged(in+file, err)
	}
	return it, nil
}

// Sums sums up the session's items, from the index.
func (b *db) Sums(ctx context.Context, id string) ([]driver.Sum, error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return nil, err
	}
	sums := make([]driver.Sum, len(words))
	err = s.view(ctx, id, func(ix *index) {
		for _, at := range ix.order {
			e := &ix.items[at]
			sum := &sums[e.outcome]
			sum.Outcome = words[e.outcome]
			sum.Items++
			sum.Carried += e.carried
			sum.Bytes += max(e.size, 0)
		}
	})
	return sums, err
}
