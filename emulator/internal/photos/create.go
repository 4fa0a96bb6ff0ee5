package photos

import (
	"cmp"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

const (
	maxBatch       = 50
	maxFilename    = 255
	maxDescription = 1000
	maxPhoto       = 200 << 20 // bytes
)

// Codes of google.rpc.Status that an item of a batch may get.
const (
	codeInvalidArgument = 3
	codeAlreadyExists   = 6
	codeInternal        = 13
)

const itemFailure = "There was an error while trying to create this media item."

type createRequest struct {
	AlbumID       string         `json:"albumId"`
	NewMediaItems []newMediaItem `json:"newMediaItems"`
	AlbumPosition *albumPosition `json:"albumPosition"`
}

type newMediaItem struct {
	Description     string           `json:"description"`
	SimpleMediaItem *simpleMediaItem `json:"simpleMediaItem"`
}

type simpleMediaItem struct {
	UploadToken string `json:"uploadToken"`
	FileName    string `json:"fileName"`
}

// CreateAnswer is the answer of batchCreate.
type CreateAnswer struct {
	Results []CreateResult `json:"newMediaItemResults"`
}

// CreateResult is what became of one item of a batch.
type CreateResult struct {
	UploadToken string            `json:"uploadToken"`
	Status      google.WireStatus `json:"status"`
	MediaItem   *WireItem         `json:"mediaItem,omitempty"`
}

func (g *Service) batchCreate(c google.Caller, r *http.Request) (any, error) {
	var req createRequest
	if err := google.DecodeBody(r, &req); err != nil {
		return nil, err
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	ups, err := g.redeem(c, req)
	if err != nil {
		return nil, err
	}
	if fault.Of(r, fault.StorageFull) != nil {
		return nil, google.ErrStorageFull()
	}
	answer, err := g.library.create(c, req, ups, fault.Of(r, fault.ItemCode), g.now())
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(answer.Results, func(r CreateResult) bool { return r.Status.Code != 0 }) {
		return google.WithStatus{Status: g.opts.PartialStatus, Body: answer}, nil
	}
	return answer, nil
}

// check makes the refusals that do not depend on what the account holds.
func (req createRequest) check() error {
	switch n := len(req.NewMediaItems); {
	case n == 0:
		return google.Invalidf("Request must have at least one item.")
	case n > maxBatch:
		return google.Invalidf("Request must have less than 50 items.")
	}
	if req.AlbumPosition != nil {
		if req.AlbumID == "" {
			return google.Invalidf("Request must contain an album id if an album position is set.")
		}
		if err := req.AlbumPosition.check(); err != nil {
			return err
		}
	}
	for _, n := range req.NewMediaItems {
		switch {
		case n.SimpleMediaItem == nil || n.SimpleMediaItem.UploadToken == "":
			return google.ErrUploadToken()
		case utf8.RuneCountInString(n.SimpleMediaItem.FileName) > maxFilename:
			return google.Invalidf("File name must not have more than 255 characters.")
		case utf8.RuneCountInString(n.Description) > maxDescription:
			return google.Invalidf("Description must not have more than 1000 characters.")
		}
	}
	return nil
}

// redeem finds the uploads behind the tokens. One bad token fails the request.
func (g *Service) redeem(c google.Caller, req createRequest) ([]*upload.Upload, error) {
	ups := make([]*upload.Upload, len(req.NewMediaItems))
	for i, n := range req.NewMediaItems {
		ups[i] = g.uploads.Redeem(n.SimpleMediaItem.UploadToken, c)
		if ups[i] == nil {
			return nil, google.ErrUploadToken()
		}
	}
	return ups, nil
}

// create makes items of uploads: all checks first, then item by item.
func (l *library) create(c google.Caller, req createRequest, ups []*upload.Upload, failure *fault.Fault, now time.Time) (CreateAnswer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	al, err := l.target(c, req, ups)
	if err != nil {
		return CreateAnswer{}, err
	}
	if !l.fits(c, ups) {
		return CreateAnswer{}, google.ErrStorageFull()
	}
	batch := batch{l: l, album: al, at: al.place(req.AlbumPosition), seen: map[[32]byte]bool{}, now: now}
	answer := CreateAnswer{Results: make([]CreateResult, len(ups))}
	for i, up := range ups {
		res := &answer.Results[i]
		res.UploadToken = req.NewMediaItems[i].SimpleMediaItem.UploadToken
		if failure != nil && failure.Item == i {
			res.Status = itemStatus(failure.Status)
			res.Status.Message = cmp.Or(failure.Body, res.Status.Message)
			continue
		}
		res.Status, res.MediaItem = batch.add(up, req.NewMediaItems[i])
	}
	return answer, nil
}

// target finds the album of a batch and checks that it takes the items. Without
// an album in the request it is nil.
func (l *library) target(c google.Caller, req createRequest, ups []*upload.Upload) (*album, error) {
	if l.opts.SpentTokens == SpentRequest && slices.ContainsFunc(ups, func(u *upload.Upload) bool { return l.made[u] != nil }) {
		return nil, google.ErrUploadToken()
	}
	if req.AlbumID == "" {
		return nil, nil
	}
	al := l.albums[req.AlbumID]
	switch {
	case al == nil || al.user != c.User:
		return nil, google.Failf(l.opts.UnknownAlbumStatus, "The provided ID does not match any albums")
	case al.project != c.Project:
		return nil, google.Invalidf("No permission to add media items to this album.")
	case len(al.items)+len(ups) > l.opts.AlbumCapacity:
		return nil, google.Invalidf("Album can not contain more than %d media items.", l.opts.AlbumCapacity)
	}
	return al, al.knows(req.AlbumPosition)
}

// fits reports whether the account has room for what is new among the uploads.
func (l *library) fits(c google.Caller, ups []*upload.Upload) bool {
	if l.storage == 0 {
		return true
	}
	a := l.account(c.User)
	need := int64(0)
	counted := map[[32]byte]bool{}
	for _, up := range ups {
		if a.bySum[up.Sum] == nil && !counted[up.Sum] {
			counted[up.Sum] = true
			need += l.content(up).Size
		}
	}
	return need == 0 || a.used+need <= l.storage
}

// batch is one call of batchCreate under way.
type batch struct {
	l     *library
	album *album
	at    int // where in the album the next item goes
	seen  map[[32]byte]bool
	now   time.Time
}

func (b *batch) add(up *upload.Upload, n newMediaItem) (google.WireStatus, *WireItem) {
	if b.seen[up.Sum] {
		return itemStatus(codeAlreadyExists), nil
	}
	if b.l.made[up] != nil && b.l.opts.SpentTokens == SpentItem {
		return itemStatus(codeInvalidArgument), nil
	}
	name := n.SimpleMediaItem.FileName
	if name == "" {
		name = up.Name
	}
	it, _ := b.l.putLocked(up, name, n.Description, b.now)
	if it == nil {
		return itemStatus(codeInvalidArgument), nil
	}
	b.seen[up.Sum] = true
	if b.album != nil && b.album.insert(b.at, it) {
		b.at++
	}
	wire := b.l.wire(it, b.now)
	return google.WireStatus{Message: "Success"}, &wire
}

// itemStatus words the failure of one item. Only the code distinguishes them.
func itemStatus(code int) google.WireStatus {
	switch code {
	case codeAlreadyExists:
		return google.WireStatus{Code: code, Message: "EXISTS: " + itemFailure}
	case codeInternal:
		return google.WireStatus{Code: code, Message: "Internal error"}
	}
	return google.WireStatus{Code: code, Message: "Failed: " + itemFailure}
}
