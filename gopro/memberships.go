package gopro

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"hash/maphash"
	"slices"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// memberships say which albums hold a medium. They take 16 bytes for each: of a
// medium they keep a hash only. The nil memberships say nothing.
type memberships struct {
	seed   maphash.Seed
	albums []media.Album
	pairs  []membership // sorted by medium, then by album
}

type membership struct {
	medium uint64 // hash of the id
	album  int    // index
}

// memberships reads the albums, if they are asked for. The root of the account is
// no album.
func (s *Source) memberships(ctx context.Context, o station.ListOptions) (*memberships, error) {
	if o.Album == nil {
		return nil, nil
	}
	m := &memberships{seed: maphash.MakeSeed()}
	for a, err := range s.client.Albums(ctx) {
		if err != nil {
			return nil, err
		}
		if !a.Root && media.Word(a.ID) == a.ID {
			album := media.Album{ID: a.ID, Title: media.CleanTitle(a.Title)}
			m.albums = append(m.albums, album)
			o.Album(album)
		}
	}
	for album := range m.albums {
		if err := m.read(ctx, s.client, album); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(m.pairs, func(a, b membership) int {
		return cmp.Or(cmp.Compare(a.medium, b.medium), cmp.Compare(a.album, b.album))
	})
	return m, nil
}

// read reads the media of an album.
func (m *memberships) read(ctx context.Context, c *Client, album int) error {
	for row, err := range c.AlbumMedia(ctx, m.albums[album].ID) {
		if err != nil {
			return err
		}
		m.pairs = append(m.pairs, membership{maphash.String(m.seed, row.ID), album})
	}
	return nil
}

// of returns the albums that hold a medium.
func (m *memberships) of(medium string) (albums []media.Album) {
	if m == nil {
		return nil
	}
	hash := maphash.String(m.seed, medium)
	at, _ := slices.BinarySearchFunc(m.pairs, hash, func(p membership, hash uint64) int { return cmp.Compare(p.medium, hash) })
	for ; at < len(m.pairs) && m.pairs[at].medium == hash; at++ {
		albums = append(albums, m.albums[m.pairs[at].album])
	}
	return albums
}

// label gives the items of a medium its albums, and a revision that covers them.
func (m *memberships) label(row Row, items []media.Item) []media.Item {
	if m == nil {
		return items
	}
	albums := m.of(row.ID)
	for i := range items {
		items[i].Albums = albums
		if items[i].Revision != "" {
			items[i].Revision = m.revision(row.ID, items[i].Revision)
		}
	}
	return items
}

// revision returns the revision of a medium with the ids of its albums in it: a
// title that changes makes no other one.
func (m *memberships) revision(medium, revision string) string {
	albums := m.of(medium)
	if len(albums) == 0 {
		return revision
	}
	sum := sha256.New()
	for _, a := range albums {
		sum.Write(append([]byte(a.ID), 0))
	}
	return revision + "." + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:9])
}
