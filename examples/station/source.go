package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// source is a station of the photos and videos in a file system. Its media are
// known by their paths, which are unique within one origin only.
type source struct {
	files  fs.FS
	origin string
}

func (s *source) Name() string { return "files:" }

func (s *source) Origin(context.Context) (string, error) { return "files:" + s.origin, nil }

// List walks the file system. It reads no file.
func (s *source) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		err := fs.WalkDir(s.files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if item := s.item(name, info); w.Contains(item.CapturedAt) && !yield(item, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(media.Item{}, &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list files:", Err: err})
		}
	}
}

func (s *source) item(name string, info fs.FileInfo) media.Item {
	item := media.Item{
		ID:         media.ID{Station: "files", Origin: s.origin, Medium: name, Part: 1},
		Name:       media.SafeName(path.Base(name)),
		Size:       info.Size(),
		Kind:       media.KindByName(name),
		MIME:       media.MIMEByName(name),
		CapturedAt: info.ModTime().UTC(), // a station for daily use would look into the file
		Version:    version(info),
	}
	if item.Kind == "" {
		item.Refusal = &media.Refusal{Code: media.RefusedType, Reason: "it is neither a photo nor a video"}
	}
	return item
}

// version identifies the state of a file.
func version(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// Open opens a file at an offset, if it is the version that is asked for.
func (s *source) Open(ctx context.Context, item media.Item, offset int64, want string) (*station.Content, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	op := "open " + item.Name
	f, err := s.files.Open(item.ID.Medium)
	if err != nil {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: op, Err: err}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case want != "" && want != version(info):
		err = &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: op}
	case offset < 0 || offset > info.Size():
		err = &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: op, Err: fmt.Errorf("byte %d of %d", offset, info.Size())}
	default:
		err = skip(f, offset)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &station.Content{Body: f, Offset: offset, Size: info.Size(), Version: version(info)}, nil
}

// skip goes to an offset; not every file of an [fs.FS] can seek.
func skip(f fs.File, offset int64) error {
	if s, ok := f.(io.Seeker); ok {
		_, err := s.Seek(offset, io.SeekStart)
		return err
	}
	_, err := io.CopyN(io.Discard, f, offset)
	return err
}
