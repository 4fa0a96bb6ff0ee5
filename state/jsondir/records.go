package jsondir

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// kind is a kind of record: the directory of its files, below that of the session.
type kind string

const (
	items   kind = "items"
	batches kind = "batches"
)

func (of kind) in(dir string) string { return dir + "/" + string(of) }

// file returns the path of a file below a session's directory.
func (of kind) file(name string) string { return string(of) + "/" + name }

// record is what a file in the directory of a kind holds.
type record struct {
	file  string // without directory
	item  *state.Item
	batch *state.Batch
	stray bool  // it is none
	err   error // why it cannot be read
}

func batchFile[T int | int64](index T) string { return strconv.FormatInt(int64(index), 10) + ".json" }

// isProper reports whether a file is the one of the item with this name.
func isProper(name, file string) bool {
	if file == fileOf(name) {
		return true
	}
	folded := looseFold(file)
	return folded == looseFold(fileOf(name)) || folded == looseFold(apart(name))
}

// looseFold is fold for files that may have been named on another system.
func looseFold(file string) string { return fold(strings.ReplaceAll(file, `\`, "_")) }

// isCopy reports whether a file has a name that macOS gives to attributes, or
// synchronizing programs to copies in conflict. What they hold may be anything.
func isCopy(file string) bool {
	return strings.HasPrefix(file, "._") || strings.Contains(file, ".sync-conflict-") || strings.Contains(strings.ToLower(file), "conflicted copy")
}

// recordPage is how many records are in memory at a time.
const recordPage = 256

// records reads files of a kind, several at a time, and uses what they hold, in
// order.
func (b *db) records(ctx context.Context, dir string, of kind, files []string, use func(record) error) error {
	if len(files) == 0 {
		return nil
	}
	root, err := b.root.OpenRoot(of.in(dir))
	if err != nil {
		return b.fault("open", of.in(dir), err)
	}
	defer root.Close()
	for page := range slices.Chunk(files, recordPage) {
		read := make([]record, len(page))
		var readers errgroup.Group
		readers.SetLimit(inFlight)
		for n, file := range page {
			readers.Go(func() error {
				read[n] = b.readRecord(root, dir, of, file)
				return ctx.Err()
			})
		}
		err := readers.Wait()
		for _, r := range read {
			if err == nil {
				err = use(r)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readRecord reads a file below root, the directory of its kind.
func (b *db) readRecord(root *os.Root, dir string, of kind, file string) record {
	r, proper := record{file: file}, false
	data, err := regular.ReadIn(root, file, maxDocument)
	switch {
	case err != nil:
	case of == items:
		r.item, err = q2google.Codec{}.DecodeItem(data)
		proper = err == nil && isProper(r.item.Name, file)
	default:
		r.batch, err = q2google.Codec{}.DecodeBatch(data)
		proper = err == nil && file == batchFile(r.batch.Index)
	}
	r.stray = err == nil && !proper || err != nil && isCopy(file)
	if err != nil && !r.stray {
		r.err = b.Damaged(dir+"/"+of.file(file), err)
	}
	return r
}

// documents returns the names of the JSON files in a directory, in order; none
// if there is no such directory.
func (b *db) documents(ctx context.Context, dir string) ([]string, error) {
	var names []string
	err := b.list(ctx, dir, func(e fs.DirEntry) {
		if strings.HasSuffix(e.Name(), ".json") && !e.IsDir() {
			names = append(names, e.Name())
		}
	})
	slices.Sort(names)
	return names, err
}
