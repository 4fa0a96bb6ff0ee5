package jsondir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// adopt rewrites once what q2google wrote, before Gondola changes it. The
// header comes last and keeps its time: until then all is read as before, so
// that an interrupted adoption begins again. Call within change.
func (s *session) adopt(ctx context.Context) error {
	h, err := s.b.header(s.dir)
	if err != nil {
		return err
	}
	if err := s.b.makeDir(s.dir); err != nil {
		return err
	}
	if err := s.adoptItems(ctx); err != nil {
		return err
	}
	if err := s.hide(); err != nil {
		return err
	}
	kept, err := s.adoptBatches()
	if err != nil {
		return err
	}
	if err := s.removeOthers(ctx, kept); err != nil {
		return err
	}
	row, err := s.b.rowOf(h.Session)
	if err == nil {
		err = s.writeHeader(row.Document)
	}
	if err != nil {
		return err
	}
	if h.hasFlat {
		if err := s.moveFlatAside(); err != nil {
			return err
		}
	}
	s.b.log.Info("session of q2google taken over", "session", h.ID, "items", len(s.ix.order), "batches", len(s.ix.batches))
	return s.reload(ctx)
}

// hide takes a session from the eyes of other users, which q2google leaves to
// the umask: it holds upload tokens and signed URLs.
func (s *session) hide() error {
	for _, dir := range []string{s.dir, s.dir + "/items", s.dir + "/batches"} {
		err := s.b.step("chmod", dir, func() error { return s.b.root.Chmod(dir, dirPerm) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.b.fault("protect", dir, err)
		}
	}
	return nil
}

// reload builds the index anew.
func (s *session) reload(ctx context.Context) error {
	ix, err := s.b.buildIndex(ctx, s.dir)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ix = ix
	return nil
}

// adoptItems writes every item that Gondola did not write, with what the stored
// answers say of it.
func (s *session) adoptItems(ctx context.Context) error {
	dir := s.dir + "/items"
	if err := s.b.makeDir(dir); err != nil {
		return err
	}
	for page := range slices.Chunk(s.ix.order, pageSize) {
		var files []file
		for _, at := range page {
			e := s.ix.items[at]
			if e.ours && s.ix.flat == nil {
				continue
			}
			row, err := s.row(s.ix, e)
			if err != nil {
				return err
			}
			files = append(files, file{dir + "/" + e.file, row.Document})
		}
		if err := s.b.writeFiles(ctx, dir, files); err != nil {
			return err
		}
	}
	return nil
}

// adoptBatches moves q2google's finished batches beyond the numbers it counts
// to, so that it never takes a waiting batch for a finished one. It returns the
// files that hold the batches now.
func (s *session) adoptBatches() (kept map[string]bool, err error) {
	kept = map[string]bool{}
	dir := s.dir + "/batches"
	if len(s.ix.batches) > 0 {
		if err := s.b.makeDir(dir); err != nil {
			return nil, err
		}
	}
	taken := maps.Clone(s.ix.batches)
	for _, n := range slices.Sorted(maps.Keys(s.ix.batches)) {
		batch, err := s.batch(n)
		if err != nil {
			return nil, err
		}
		file := s.ix.batches[n]
		if inReach(batch) {
			s.ix.stale = append(s.ix.stale, "batches/"+file)
			file = s.move(batch, taken)
		}
		data, err := q2google.EncodeBatch(batch)
		if err != nil {
			return nil, s.b.fault("store batch of", s.dir, err)
		}
		if err := s.b.writeFile(dir+"/"+file, data); err != nil {
			return nil, err
		}
		kept["batches/"+file] = true
	}
	if len(kept) == 0 {
		return kept, nil
	}
	return kept, s.b.syncDir(dir)
}

// move gives a batch the first number beyond q2google's reach that is free, or
// that an interrupted adoption has given it already, and returns its file.
func (s *session) move(batch *state.Batch, taken map[int]string) string {
	for batch.Index += state.FirstBatchIndex; taken[batch.Index] != ""; batch.Index++ {
		there, err := s.batch(batch.Index)
		if err == nil && reflect.DeepEqual(there, batch) {
			break
		}
	}
	taken[batch.Index] = batchFile(batch.Index)
	return taken[batch.Index]
}

// removeOthers removes the files of records that have moved or are stored
// twice and, where a flat file replaces a directory, those it does not hold.
func (s *session) removeOthers(ctx context.Context, kept map[string]bool) error {
	others := s.ix.stale
	if s.ix.flat != nil {
		for _, at := range s.ix.order {
			kept["items/"+s.ix.items[at].file] = true
		}
		for _, dir := range []string{"items/", "batches/"} {
			files, err := s.b.documents(ctx, s.dir+"/"+dir)
			if err != nil {
				return err
			}
			for _, file := range files {
				if s.b.isRecord(s.dir, dir+file) {
					others = append(others, dir+file)
				}
			}
		}
	}
	for _, file := range others {
		if kept[file] {
			continue
		}
		if err := s.b.remove(s.dir + "/" + file); err != nil {
			return err
		}
	}
	return nil
}

// moveFlatAside renames the flat file so that q2google, which prefers it to the
// directory, no longer sees it.
func (s *session) moveFlatAside() error {
	name := s.dir + ".json"
	aside := name + ".migrated"
	for n := 2; s.exists(aside); n++ {
		aside = fmt.Sprintf("%s.migrated-%d", name, n)
	}
	if err := s.b.step("chmod", name, func() error { return s.b.root.Chmod(name, filePerm) }); err != nil {
		return s.b.fault("protect", name, err)
	}
	if err := s.b.step("rename", name, func() error { return s.b.root.Rename(name, aside) }); err != nil {
		return s.b.fault("rename", name, err)
	}
	return s.b.syncDir(".")
}

func (s *session) exists(name string) bool {
	_, err := s.b.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
