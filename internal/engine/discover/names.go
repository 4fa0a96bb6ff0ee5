package discover

import (
	"context"

	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// This file links what is listed to items of a Foreign session, which are known by
// name only.

// skipUnlisted refuses what was yet to be carried and the listing does not know by
// that name: the file is gone, or the other program would have carried a lesser
// rendition of a medium whose original is listed under its own name.
func (d *Discoverer) skipUnlisted(ctx context.Context) error {
	if !d.Foreign {
		return nil
	}
	for it, err := range d.Store.Items(ctx, state.Query{Awaiting: state.Transfer}) {
		if err != nil {
			return err
		}
		if !it.ID.IsZero() {
			continue
		}
		lifecycle.Refuse(it, media.Refusal{
			Code:   media.RefusedUnlisted,
			Reason: "another program knew it by this name only, and the source lists no original of that name; originals go by their own names",
		})
		if err := d.Store.Put(it); err != nil {
			return err
		}
		d.Report.Refused(it, state.Discovery)
	}
	return nil
}

// carried reports whether the other program carried a file under a name, and from
// which address. A store that fails now fails again when the file is decided about.
func (d *Discoverer) carried(ctx context.Context, name string) (address string, ok bool) {
	it, err := d.Store.ItemNamed(ctx, name)
	if err != nil || !it.ID.IsZero() || it.Refusal != nil || it.Awaits() == state.Transfer || it.Outcome() == state.OutcomeFailed {
		return "", false
	}
	return it.DownloadURL, true
}

// named returns the item that is on record under one of the names of a listed one
// and may be the same file, or nil.
func (l *Lookup) named(ctx context.Context, listed media.Item) (*state.Item, error) {
	if !l.Foreign {
		return nil, nil
	}
	for _, name := range namesOnRecord(listed) {
		it, err := absent(l.Known.ItemNamed(ctx, name))
		if err != nil {
			return nil, err
		}
		if it != nil && (it.ID.IsZero() || decide.Shared(it, listed)) {
			return it, nil
		}
	}
	return nil, nil
}

// namesOnRecord are the names under which an item may be on record: those
// of other programs, and those that Gondola gives.
func namesOnRecord(item media.Item) []string {
	names := []string{item.Name, media.Distinguish(item.Name, item.ID.Medium)}
	if item.LegacyName != "" {
		names = append([]string{item.LegacyName}, names...)
	}
	return names
}
