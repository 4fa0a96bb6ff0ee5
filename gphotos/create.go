package gphotos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/fault"
)

const maxDescription = 1000 // characters

// BatchCreate creates at most MaxBatch media items from uploaded bytes, in an
// album that the app created unless albumID is "". Each item has its own
// result. A failure means that the service refused the request as a whole, or
// that nothing is known; the tokens stay good, and repeating the call is safe.
func (c *Client) BatchCreate(ctx context.Context, albumID string, items []NewItem) (Creation, error) {
	op := createOp(len(items))
	request, err := newCreateRequest(albumID, items)
	if err != nil {
		return Creation{}, &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: op, Err: err}
	}
	r, err := fetch[createResponse](ctx, c, call{
		op: op, method: http.MethodPost, path: "/v1/mediaItems:batchCreate", in: request, write: true,
		secrets: tokensOf(items),
	})
	if err != nil {
		return Creation{}, err
	}
	results, err := r.value.inOrder(items)
	if err != nil {
		return Creation{}, &fault.Error{Class: fault.Transient, Code: fault.Protocol, Op: op, Err: err}
	}
	return Creation{Results: results, Unsure: r.unsure, Response: string(r.raw)}, nil
}

func createOp(items int) string {
	if items == 1 {
		return "create 1 media item"
	}
	return fmt.Sprintf("create %d media items", items)
}

func newCreateRequest(albumID string, items []NewItem) (createRequest, error) {
	if len(items) == 0 || len(items) > MaxBatch {
		return createRequest{}, fmt.Errorf("%d items, want 1 to %d", len(items), MaxBatch)
	}
	r := createRequest{AlbumID: albumID}
	for _, it := range items {
		switch {
		case it.Token == "":
			return createRequest{}, errors.New("item without an upload token")
		case utf8.RuneCountInString(it.Description) > maxDescription:
			return createRequest{}, fmt.Errorf("description of more than %d characters", maxDescription)
		}
		r.NewItems = append(r.NewItems, createNewItem{it.Description, createSimpleItem{it.Token, it.FileName}})
	}
	return r, nil
}

func tokensOf(items []NewItem) []string {
	tokens := make([]string, len(items))
	for i, it := range items {
		tokens[i] = it.Token
	}
	return tokens
}

// inOrder returns one result per item. Results belong to items by the token
// that they echo, and by position where they echo none.
func (r createResponse) inOrder(items []NewItem) ([]ItemResult, error) {
	if len(r.Results) != len(items) {
		return nil, fmt.Errorf("%d results for %d items", len(r.Results), len(items))
	}
	out := make([]ItemResult, len(items))
	taken := make([]bool, len(items))
	for i, res := range r.Results {
		at := i
		if res.Token != "" && res.Token != items[i].Token {
			if at = indexOfToken(items, taken, res.Token); at < 0 {
				return nil, errors.New("a result is for a token that was not sent")
			}
		}
		if taken[at] {
			return nil, errors.New("two results are for one item")
		}
		taken[at] = true
		said := withoutSecrets([]byte(res.Status.Message), items[at].Token)
		out[at] = ItemResult{Code: res.Status.Code, Message: string(said), Item: res.Item}
	}
	return out, nil
}

func indexOfToken(items []NewItem, taken []bool, token string) int {
	for i, it := range items {
		if it.Token == token && !taken[i] {
			return i
		}
	}
	return -1
}
