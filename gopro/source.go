package gopro

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Scheme is the scheme of the station.
const Scheme = "gopro"

// scheme is the name of the station in IDs.
const scheme = Scheme

// maxResolving is how many manifests are asked for at once while listing.
const maxResolving = 4

// Source is the GoPro cloud as a station to carry from. It is safe for
// concurrent use.
type Source struct {
	client  *Client
	name    string
	height  int // 0 for the originals
	urls    urls
	flights singleflight.Group // one resolution per medium at a time

	doubts  doubts // media that are listed by what their rows promise
	failing failing
	lacking lacking
	records records

	quality string
}

// SourceOptions configure a Source.
type SourceOptions struct {
	// Quality is "source" or "" for the originals, or a height in pixels, such
	// as "1080", for the rendition of each video that is nearest to it.
	Quality string
	// Name is the name of the station; "" means "gopro:". Different
	// accounts have different names.
	Name string
}

// NewSource returns the station of an account. It fails on a quality that is
// neither.
func NewSource(c *Client, o SourceOptions) (*Source, error) {
	height, err := parseQuality(o.Quality)
	if err != nil {
		return nil, err
	}
	s := &Source{client: c, height: height, name: cmp.Or(o.Name, scheme+":"), quality: labelSource}
	if height > 0 {
		s.quality = strconv.Itoa(height)
	}
	return s, nil
}

func parseQuality(quality string) (height int, err error) {
	if quality == "" || strings.EqualFold(quality, labelSource) {
		return 0, nil
	}
	height, err = strconv.Atoi(quality)
	if err != nil || height < 1 || height > 1<<16 {
		return 0, fmt.Errorf("quality %q: want %q or a height in pixels, such as 1080", quality, labelSource)
	}
	return height, nil
}

// MediaTypes returns the words that the cloud knows for what a medium is.
func MediaTypes() []string {
	return []string{
		"Photo", "Video", "TimeLapse", "TimeLapseVideo", "Burst", "BurstVideo", "Chaptered", "Livestream", "Looped",
		"LoopedVideo", "Continuous", "ExternalVideo", "Session", "MultiClipEdit", "Edit", "Audio", "NightLapse",
	}
}

// Types returns the values that an item's Type can have.
func (s *Source) Types() []string { return MediaTypes() }

// Name returns the name of the station, such as "gopro:".
func (s *Source) Name() string { return s.name }

// Quality returns the quality that is listed: "source", or a height in pixels.
func (s *Source) Quality() string { return s.quality }

// Forecast estimates the requests that carrying a load takes: one opening for
// each item.
func (s *Source) Forecast(load station.Load) map[string]int64 {
	return map[string]int64{"cdn": load.Items}
}

// Requests counts the requests sent so far: "gopro" to the API, "cdn" for bytes.
func (s *Source) Requests() map[string]int64 { return s.client.Requests() }

// List streams the items captured in the window, newest upload first, each once,
// with a Refusal where the cloud cannot serve them. The items of one medium come
// one after the other: its chapters or frames in the order of their parts, however
// the manifest lists them, and then what lies beside them, such as RAW files. It ends with an error as
// [Client.Media] does. A medium whose manifest cannot be had, while the others'
// can, is listed with the parts it must have: opening them says what is wrong.
//
// The listing runs a few media ahead of the caller, no more.
func (s *Source) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return s.Relist(ctx, station.ListOptions{Window: w})
}

// Relist is List without the media that are known in their present state, and
// without those of other types than are wanted: they cost no request beyond the
// page that they stand on. Nor do media of a single file whose original was
// carried under its LegacyName: they are listed by what their rows say.
func (s *Source) Relist(ctx context.Context, o station.ListOptions) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var work errgroup.Group
		defer work.Wait()
		defer cancel()

		queue := make(chan chan resolved, maxResolving)
		work.Go(func() error {
			defer close(queue)
			s.resolveAll(ctx, o, queue)
			return nil
		})
		for slot := range queue {
			r := <-slot
			if r.err != nil {
				yield(media.Item{}, r.err)
				return
			}
			for _, item := range r.items {
				if !yield(item, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(media.Item{}, context.Cause(ctx))
		}
	}
}

// resolved is one medium as items, or the end of the listing.
type resolved struct {
	items []media.Item
	err   error
}

// ended returns a slot that ends a listing.
func ended(err error) chan resolved {
	slot := make(chan resolved, 1)
	slot <- resolved{err: err}
	return slot
}

// resolveAll walks the library and hands over a slot per medium, in order, that
// is filled when the medium is resolved. It returns when all slots are filled.
func (s *Source) resolveAll(ctx context.Context, o station.ListOptions, queue chan<- chan resolved) {
	var work errgroup.Group
	work.SetLimit(maxResolving)
	defer work.Wait()
	albums, err := s.memberships(ctx, o)
	if err != nil {
		queue <- ended(err)
		return
	}
	for row, err := range s.client.rows(ctx, o) {
		if err == nil && o.Describe {
			s.records.put(row.ID, row.described())
			row.Record = nil
		}
		if err == nil && s.leavesOut(row, o, albums) {
			continue
		}
		slot := make(chan resolved, 1)
		select {
		case queue <- slot:
		case <-ctx.Done():
			return
		}
		if err != nil {
			slot <- resolved{err: err}
			return
		}
		if items := s.fromRow(row, o); items != nil {
			slot <- resolved{items: albums.label(row, items)}
			continue
		}
		work.Go(func() error {
			items, err := s.items(ctx, row)
			slot <- resolved{albums.label(row, items), err}
			return nil
		})
	}
}

// items returns the items of a medium.
func (s *Source) items(ctx context.Context, row Row) ([]media.Item, error) {
	if isArriving(row.State) {
		return itemsOf(row, []Asset{refused(row, Manifest{}, media.RefusedTranscoding, notReady(row.State))}), nil
	}
	m, assets, err := s.resolveRow(ctx, row)
	if err != nil {
		return s.unresolved(ctx, row, err)
	}
	s.failing.worked(row.ID)
	entries := make([]Entry, len(assets))
	for i := range assets {
		entries[i] = assets[i].Entry
	}
	s.urls.put(row.ID, entries, m.served, false)
	return s.marked(row, itemsOf(row, assets)), nil
}

// resolveRow asks for a medium's manifest, and again while it lacks what the row
// says there is: one answer is not believed against another.
func (s *Source) resolveRow(ctx context.Context, row Row) (m Manifest, assets []Asset, err error) {
	for again := 0; ; again++ {
		next, err := s.client.manifest(ctx, row.ID, s.failing.attempts())
		switch {
		case err == nil:
			m, assets = next, Assets(row, next, s.height)
		case again == 0 || ctx.Err() != nil || fault.ClassOf(err) == fault.Session:
			return m, nil, err
		}
		lacking := lackingAssets(assets)
		if again >= s.lacking.rereads(lacking, len(assets)) {
			s.lacking.count(again, lacking)
			return m, assets, nil
		}
		why := fmt.Sprintf("resolve GoPro medium %s: its record names files that its manifest lacks", row.ID)
		if err := s.client.pause(ctx, time.Second<<again, why); err != nil {
			return m, nil, err
		}
	}
}

// unresolved returns the items of a medium whose manifest cannot be had: what its
// row promises, unless it is the cloud that fails.
func (s *Source) unresolved(ctx context.Context, row Row, err error) ([]media.Item, error) {
	if ctx.Err() != nil || fault.ClassOf(err) == fault.Session {
		return nil, err
	}
	if fault.ClassOf(err) == fault.Transient && s.isDown(ctx, err) {
		return nil, err
	}
	switch {
	case !isReady(row.State):
		return itemsOf(row, []Asset{refused(row, Manifest{}, media.RefusedTranscoding, notReady(row.State))}), nil
	case row.State == "failure" && fault.CodeOf(err) == fault.Gone:
		return itemsOf(row, []Asset{refused(row, Manifest{}, media.RefusedNoOriginal, uploadFailed)}), nil
	}
	s.doubts.add(row)
	return itemsOf(row, expected(row)), nil
}

// maxExpected bounds how many parts are taken on trust; of a medium that says it
// has more, the first stands for all.
const maxExpected = 50_000

// expected returns the assets that a medium must have, judging by its row.
func expected(row Row) []Asset {
	photo := isPhoto(row.Type, row.Filename)
	total := max(partCount(row), 1)
	if total > maxExpected {
		total = 1
	}
	assets := make([]Asset, total)
	for i := range assets {
		assets[i] = Asset{
			Entry:    Entry{Part: i + 1, Label: expectedLabel(row.Type)},
			Name:     partName(row, Manifest{}, i+1, total, strings.ToLower(row.Extension), photo),
			Original: true,
		}
	}
	return assets
}

// itemsOf describes the assets of a medium as items.
func itemsOf(row Row, assets []Asset) []media.Item {
	uploads := 0 // files that FileSize is the sum of
	for _, a := range assets {
		if a.Label == labelSource {
			uploads++
		}
	}
	items := make([]media.Item, len(assets))
	for i, a := range assets {
		items[i] = media.Item{
			ID:           itemID(row.ID, a.Entry),
			Object:       a.mark,
			Name:         a.Name,
			LegacyName:   a.LegacyName,
			Size:         media.SizeUnknown,
			MIME:         media.MIMEByName(a.Name),
			Kind:         media.KindByName(a.Name),
			Type:         row.Type,
			Width:        a.Width,
			Height:       a.Height,
			Camera:       row.Camera,
			CapturedAt:   row.CapturedAt,
			CapturedZone: row.CapturedZone,
			CreatedAt:    row.CreatedAt,
			Refusal:      a.Refusal,
		}
		if a.Label != labelSource {
			continue
		}
		if items[i].Height == 0 {
			items[i].Width, items[i].Height = row.Width, row.Height
		}
		if uploads == 1 && partCount(row) <= 1 && believed(row, items[i].Kind) {
			items[i].Size = row.FileSize
		}
	}
	return items
}

// Sizes in bytes beyond which a record is not believed: larger files than any
// camera writes. A destination would refuse such an item without a look at it.
const (
	largestVideo = 16_000_000_000
	largestPhoto = 100_000_000
)

// believed reports whether the record of a single file has its size. A medium
// that was processed again may differ from its record, and a record of 0 bytes has
// been seen of files that have some: only opening shows it.
func believed(row Row, kind media.Kind) bool {
	largest := int64(largestVideo)
	if kind == media.Photo {
		largest = largestPhoto
	}
	return row.Reprocessed.IsZero() && 0 < row.FileSize && row.FileSize <= largest
}
