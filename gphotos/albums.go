package gphotos

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/gondola-sync/gondola/fault"
)

// Albums lists the albums that the app created. It yields an error once, at the
// end, if the listing fails.
func (c *Client) Albums(ctx context.Context) iter.Seq2[Album, error] {
	return pages(func(token string) ([]Album, string, error) {
		query := pageQuery(albumPageSize, token)
		query.Set("excludeNonAppCreatedData", "true")
		r, err := fetch[page](ctx, c, call{op: "list albums", method: http.MethodGet, path: "/v1/albums", query: query})
		return r.value.Albums, r.value.Next, err
	}, func(a Album) string { return a.ID })
}

// Album returns an album. One that is unknown is a fault of class Item with code
// fault.Gone.
func (c *Client) Album(ctx context.Context, id string) (Album, error) {
	r, err := fetch[Album](ctx, c, call{op: "get album", method: http.MethodGet, path: albumPath(id)})
	return r.value, err
}

// CreateAlbum creates an album; title has at most 500 characters. Titles are
// not unique: each call makes another album. It is therefore sent once. After a
// Transient fault there may be an album: look before calling again.
func (c *Client) CreateAlbum(ctx context.Context, title string) (Album, error) {
	r, err := fetch[Album](ctx, c, call{
		op: "create album", method: http.MethodPost, path: "/v1/albums",
		in:    map[string]any{"album": map[string]string{"title": title}},
		write: true,
		once:  func(error) bool { return true },
	})
	if err == nil && r.value.ID == "" {
		return Album{}, protocolFault("create album", "answer without an id")
	}
	return r.value, err
}

// RenameAlbum changes an album's title.
func (c *Client) RenameAlbum(ctx context.Context, id, title string) (Album, error) {
	return c.patchAlbum(ctx, id, "title", title)
}

// SetAlbumCover makes an item of an album its cover.
func (c *Client) SetAlbumCover(ctx context.Context, id, itemID string) (Album, error) {
	return c.patchAlbum(ctx, id, "coverPhotoMediaItemId", itemID)
}

func (c *Client) patchAlbum(ctx context.Context, id, field, value string) (Album, error) {
	r, err := fetch[Album](ctx, c, call{
		op: "change album", method: http.MethodPatch, path: albumPath(id),
		query: url.Values{"updateMask": {field}},
		in:    map[string]string{field: value},
		write: true,
	})
	return r.value, err
}

// AddToAlbum puts at most MaxBatch items that the app created into an album:
// all or none.
func (c *Client) AddToAlbum(ctx context.Context, id string, itemIDs []string) error {
	return c.fileItems(ctx, "add to album", id, ":batchAddMediaItems", itemIDs)
}

// RemoveFromAlbum takes at most MaxBatch items out of an album; they stay in
// the library.
func (c *Client) RemoveFromAlbum(ctx context.Context, id string, itemIDs []string) error {
	return c.fileItems(ctx, "remove from album", id, ":batchRemoveMediaItems", itemIDs)
}

func (c *Client) fileItems(ctx context.Context, op, id, verb string, itemIDs []string) error {
	if err := checkIDs(itemIDs); err != nil {
		return &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: op, Err: err}
	}
	_, err := fetch[struct{}](ctx, c, call{
		op: op, method: http.MethodPost, path: albumPath(id) + verb,
		in:    map[string]any{"mediaItemIds": itemIDs},
		write: true,
	})
	return err
}

func albumPath(id string) string { return "/v1/albums/" + url.PathEscape(id) }
