package gopro

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// locate returns the entry of the manifest that an item stands for.
func (s *Source) locate(ctx context.Context, item media.Item) (e Entry, fresh bool, err error) {
	if e, ok := s.urls.get(addressKey(item)); ok {
		return e, false, sameType(item, e)
	}
	entries, err := s.resolve(ctx, item)
	if err != nil {
		return Entry{}, true, err
	}
	i := slices.IndexFunc(entries, func(e Entry) bool { return standsFor(item, e) })
	if i < 0 {
		return Entry{}, true, unlisted(item, entries)
	}
	if !entries[i].usable() {
		return Entry{}, true, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "open " + item.Name,
			Err: errors.New("the GoPro cloud lists it but does not offer it now")}
	}
	return entries[i], true, sameType(item, entries[i])
}

// addressKey is under which the address of an item is remembered: its object
// cannot be another one.
func addressKey(item media.Item) media.ID { return item.ID.Of(item.Object) }

// standsFor reports whether an entry is the file that was listed as an item. Of an
// item without an object, as earlier versions stored it, the part has to say it
// all.
func standsFor(item media.Item, e Entry) bool {
	if item.Object != "" {
		return objectID(item.ID.Medium, e) == addressKey(item)
	}
	return itemID(item.ID.Medium, e) == item.ID
}

// unlisted says why no entry is the item.
func unlisted(item media.Item, entries []Entry) error {
	f := &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "open " + item.Name,
		Err: fmt.Errorf("the GoPro cloud no longer lists part %d (%s) of this medium", item.ID.Part, item.ID.Plain().Label)}
	alike := 0
	for _, e := range entries {
		if itemID(item.ID.Medium, e).Plain() == item.ID.Plain() {
			alike++
		}
	}
	switch {
	case item.Object != "" && alike > 0:
		f.Err = fmt.Errorf("the GoPro cloud lists another file as part %d (%s) of this medium than it did", item.ID.Part, item.ID.Plain().Label)
	case alike > 1:
		reason := fmt.Sprintf("the GoPro cloud lists %d files as part %d of this medium, each of which is an item of its own", alike, item.ID.Part)
		f.Err = &station.RefusedError{Refusal: media.Refusal{Code: media.RefusedUnlisted, Reason: reason}}
	}
	return f
}

// sameType refuses an entry that has become another type of file, as a RAW photo
// uploaded alone does when the cloud has made a JPEG of it.
func sameType(item media.Item, e Entry) error {
	was, is := canonical(strings.TrimPrefix(path.Ext(item.Name), ".")), canonical(e.kind())
	if was == "" || was == is || !isKnownKind(is) || was == "360" && is == "mp4" {
		return nil
	}
	return &fault.Error{Class: fault.Item, Code: fault.Changed, Op: "open " + item.Name,
		Err: fmt.Errorf("the GoPro cloud now serves it as %q", is)}
}
