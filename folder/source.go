package folder

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// SourceOptions configure a [Source]. Path is required.
type SourceOptions struct {
	Path string         // of the directory
	Name string         // of the station; "" stands for "folder:" and the path
	Zone *time.Location // of capture times that come without one; nil for the system's
}

// Source is a directory that media are carried from. It implements [station.Source],
// [station.Relister], [station.Digester], [station.Describer] and [station.Meter]. Nothing in it is ever changed.
type Source struct {
	o     SourceOptions
	place *place
	read  atomic.Int64 // files
}

// NewSource returns a directory as a source. It touches nothing.
func NewSource(o SourceOptions) (*Source, error) {
	if o.Path == "" {
		return nil, errors.New("folder: SourceOptions.Path is required")
	}
	o.Zone = cmp.Or(o.Zone, time.Local)
	o.Name = cmp.Or(o.Name, Scheme+":"+o.Path)
	return &Source{o: o, place: &place{path: o.Path}}, nil
}

// Close lets go of the directory.
func (s *Source) Close() error { return s.place.close() }

// Name implements [station.Source].
func (s *Source) Name() string { return s.o.Name }

// Origin implements [station.Source]: the id of the folder, if it has one, or else a
// digest of its path and of the file system that it lies on.
func (s *Source) Origin(ctx context.Context) (string, error) {
	id, err := s.origin(ctx)
	if err != nil {
		return "", err
	}
	return Scheme + ":" + id, nil
}

func (s *Source) origin(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	root, err := s.place.open()
	if err != nil {
		return "", failure(ctx, "open the folder "+s.o.Path, err)
	}
	id, err := readMarker(root)
	switch {
	case err == nil:
		return id, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", failure(ctx, "open the folder "+s.o.Path, err)
	}
	sum := sha256.Sum256([]byte(s.o.Path + "\x00" + volume(root)))
	return hex.EncodeToString(sum[:8]), nil
}

// kindRead is how files that were read are counted.
const kindRead = "files_read"

// Requests implements [station.Meter].
func (s *Source) Requests() map[string]int64 { return map[string]int64{kindRead: s.read.Load()} }

// List implements [station.Source].
func (s *Source) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return s.Relist(ctx, station.ListOptions{Window: w})
}

// Relist implements [station.Relister]: a file that is known is not read.
func (s *Source) Relist(ctx context.Context, o station.ListOptions) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		if err := s.list(ctx, o, func(item media.Item) bool { return yield(item, nil) }); err != nil {
			yield(media.Item{}, err)
		}
	}
}

// errLeft ends a walk whose listing was left.
var errLeft = errors.New("the listing was left")

func (s *Source) list(ctx context.Context, o station.ListOptions, yield func(media.Item) bool) error {
	op := "list the folder " + s.o.Path
	origin, err := s.origin(ctx)
	if err != nil {
		return err
	}
	root, err := s.place.open()
	if err != nil {
		return failure(ctx, op, err)
	}
	if err := notEmpty(root); err != nil {
		return failure(ctx, op, err)
	}
	var unread []string
	fail := func(name string, err error) {
		if p, ok := errors.AsType[*fs.PathError](err); ok && p.Path == name {
			err = p.Err
		}
		unread = append(unread, fmt.Sprintf("%s: %v", name, err))
	}
	each := func(f found) error {
		if o.Known != nil && o.Known(mediumOf(f.path), version(f.info)) {
			return nil
		}
		item, ok, err := s.item(root, origin, f, o.Wants)
		switch {
		case err != nil:
			fail(f.path, err)
		case ok && o.Window.Contains(item.CapturedAt) && !yield(item):
			return errLeft
		}
		return nil
	}
	err = (&walker{root: root, each: each, failed: fail}).walk(ctx)
	switch {
	case errors.Is(err, errLeft):
		return nil
	case err != nil:
		return failure(ctx, op, err)
	case len(unread) > 0:
		return incomplete(op, unread)
	}
	return nil
}

// errEmpty is the error of a directory that holds nothing at all, as one does whose
// disk is not mounted.
var errEmpty = errors.New("it is empty: its disk may not be mounted")

func notEmpty(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if _, err = dir.Readdirnames(1); errors.Is(err, io.EOF) {
		return errEmpty
	}
	return err
}

// mostUnread is how many files an error names.
const mostUnread = 5

// incomplete is the fault of a listing that could not read everything.
func incomplete(op string, unread []string) error {
	return &fault.Error{
		Class: fault.Item, Code: fault.ListingIncomplete, Op: op,
		Err:  &station.UnreadError{Parts: len(unread), First: unread[:min(len(unread), mostUnread)]},
		Hint: "make them readable, then run the same command again: the rest is carried",
	}
}

// item describes a file, or returns false for one that is neither a photo nor a
// video, or not wanted.
func (s *Source) item(root *os.Root, origin string, f found, wants func(media.Kind, string) bool) (item media.Item, ok bool, err error) {
	item = media.Item{
		ID:   media.ID{Station: Scheme, Origin: origin, Medium: mediumOf(f.path), Part: 1},
		Name: media.SafeName(path.Base(f.path)), Dir: media.SafeDir(dirOf(f.path)), Albums: albumsOf(path.Dir(f.path)),
		Size: f.info.Size(), Version: version(f.info), Revision: version(f.info), Of: 1,
		CapturedAt: f.info.ModTime().UTC(),
	}
	if item.Size == 0 {
		item.Kind, item.MIME = media.KindByName(item.Name), media.MIMEByName(item.Name)
		item.Refusal = &media.Refusal{Code: media.RefusedEmpty, Reason: "it is empty"}
		return item, item.Kind != "", nil
	}
	file, err := regular.OpenIn(root, f.path)
	if err != nil {
		return item, false, err
	}
	defer file.Close()
	s.read.Add(1)
	if item.MIME, err = contentType(file, item.Name); err != nil {
		return item, false, err
	}
	item.Kind = media.KindOf(item.MIME)
	if item.Kind == "" || wants != nil && !wants(item.Kind, "") {
		return item, false, nil
	}
	facts := capture(file, item.Size, item.MIME, item.Name, s.o.Zone)
	if !facts.at.IsZero() {
		item.CapturedAt = facts.at.UTC()
	}
	item.CapturedZone, item.Camera = facts.zone, facts.camera
	return item, true, nil
}

func dirOf(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// version identifies the state of a file.
func version(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// Digest implements [station.Digester].
func (s *Source) Digest(ctx context.Context, item media.Item) (string, error) {
	op := "read " + item.ID.Medium + " in the folder " + s.o.Path
	root, err := s.place.open()
	if err != nil {
		return "", failure(ctx, op, err)
	}
	s.read.Add(1)
	sum, err := sumOf(ctx, root, pathOf(item.ID.Medium), make([]byte, min(max(item.Size, 1), 256<<10)))
	if err != nil {
		return "", unopened(op, err)
	}
	return sum, nil
}

// Has implements [station.Digester].
func (s *Source) Has(ctx context.Context, id media.ID) bool {
	origin, err := s.origin(ctx)
	if err != nil || id.Station != Scheme || id.Origin != origin {
		return false
	}
	root, err := s.place.open()
	if err != nil {
		return false
	}
	_, err = root.Lstat(pathOf(id.Medium))
	return err == nil
}

// Open implements [station.Source].
func (s *Source) Open(ctx context.Context, item media.Item, offset int64, want string) (*station.Content, error) {
	op := "open " + item.ID.Medium + " in the folder " + s.o.Path
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	root, err := s.place.open()
	if err != nil {
		return nil, failure(ctx, op, err)
	}
	f, err := regular.OpenIn(root, pathOf(item.ID.Medium))
	if err != nil {
		return nil, unopened(op, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case want != "" && want != version(info):
		err = changed(op)
	case offset < 0 || offset > info.Size():
		err = &fault.Error{Class: fault.Item, Code: fault.Changed, Op: op, Err: fmt.Errorf("it has no byte %d: it has %d bytes", offset, info.Size())}
	default:
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, unopened(op, err)
	}
	s.read.Add(1)
	b := &body{ctx: ctx, file: f, op: op, version: version(info), left: info.Size() - offset}
	return &station.Content{Body: b, Offset: offset, Size: info.Size(), Version: b.version}, nil
}

// unopened makes a fault of a file that does not open: the others may.
func unopened(op string, err error) error {
	switch {
	case fault.CodeOf(err) != "":
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &fault.Error{Class: fault.Item, Code: fault.Gone, Op: op, Err: err}
	}
	return &fault.Error{Class: fault.Item, Code: fault.Unreachable, Op: op, Err: err, Hint: "see that the file can be read, then run the same command again"}
}

func changed(op string) error {
	return &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: op, Err: errors.New("the file was changed")}
}

// body reads a file as it was when it was opened: a file that is changed meanwhile
// ends with an error, before its last byte is given out.
type body struct {
	ctx     context.Context
	file    *os.File
	op      string
	version string
	left    int64 // bytes
}

func (b *body) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.file.Read(p[:min(int64(len(p)), b.left)])
	switch {
	case errors.Is(err, io.EOF): // it became shorter
		return 0, changed(b.op)
	case err != nil:
		return n, unopened(b.op, err)
	case int64(n) == b.left:
		info, err := b.file.Stat()
		if err != nil {
			return 0, unopened(b.op, err)
		}
		if version(info) != b.version {
			return 0, changed(b.op)
		}
	}
	b.left -= int64(n)
	return n, nil
}

func (b *body) Close() error { return b.file.Close() }
