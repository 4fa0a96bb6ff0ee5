package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
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

type createAnswer struct {
	Results []createResult `json:"newMediaItemResults"`
}

type createResult struct {
	UploadToken string     `json:"uploadToken"`
	Status      wireStatus `json:"status"`
	MediaItem   *wireItem  `json:"mediaItem,omitempty"`
}

func (g *Google) batchCreate(c caller, r *http.Request) (any, error) {
	var req createRequest
	if err := decodeBody(r, &req); err != nil {
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
		return nil, errStorageFull()
	}
	answer, err := g.library.create(c, req, ups, fault.Of(r, fault.ItemCode), g.now())
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(answer.Results, func(r createResult) bool { return r.Status.Code != 0 }) {
		return withStatus{g.opts.PartialStatus, answer}, nil
	}
	return answer, nil
}

// check makes the refusals that do not depend on what the account holds.
func (req createRequest) check() error {
	switch n := len(req.NewMediaItems); {
	case n == 0:
		return invalidf("Request must have at least one item.")
	case n > maxBatch:
		return invalidf("Request must have less than 50 items.")
	}
	if req.AlbumPosition != nil {
		if req.AlbumID == "" {
			return invalidf("Request must contain an album id if an album position is set.")
		}
		if err := req.AlbumPosition.check(); err != nil {
			return err
		}
	}
	for _, n := range req.NewMediaItems {
		switch {
		case n.SimpleMediaItem == nil || n.SimpleMediaItem.UploadToken == "":
			return errUploadToken()
		case utf8.RuneCountInString(n.SimpleMediaItem.FileName) > maxFilename:
			return invalidf("File name must not have more than 255 characters.")
		case utf8.RuneCountInString(n.Description) > maxDescription:
			return invalidf("Description must not have more than 1000 characters.")
		}
	}
	return nil
}

// redeem finds the uploads behind the tokens. One bad token fails the request.
func (g *Google) redeem(c caller, req createRequest) ([]*upload, error) {
	ups := make([]*upload, len(req.NewMediaItems))
	for i, n := range req.NewMediaItems {
		ups[i] = g.uploads.redeem(n.SimpleMediaItem.UploadToken, c, g.now(), g.opts.UploadTokenLife)
		if ups[i] == nil {
			return nil, errUploadToken()
		}
	}
	return ups, nil
}

// create makes items of uploads: all checks first, then item by item.
func (l *library) create(c caller, req createRequest, ups []*upload, failure *fault.Fault, now time.Time) (createAnswer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	al, err := l.target(c, req, ups)
	if err != nil {
		return createAnswer{}, err
	}
	if !l.fits(c, ups) {
		return createAnswer{}, errStorageFull()
	}
	batch := batch{l: l, album: al, at: al.place(req.AlbumPosition), seen: map[[32]byte]bool{}, now: now}
	answer := createAnswer{Results: make([]createResult, len(ups))}
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
func (l *library) target(c caller, req createRequest, ups []*upload) (*album, error) {
	if l.opts.SpentTokens == SpentRequest && slices.ContainsFunc(ups, func(u *upload) bool { return u.item != nil }) {
		return nil, errUploadToken()
	}
	if req.AlbumID == "" {
		return nil, nil
	}
	al := l.albums[req.AlbumID]
	switch {
	case al == nil || al.user != c.user:
		return nil, failuref(l.opts.UnknownAlbumStatus, "The provided ID does not match any albums")
	case al.project != c.project:
		return nil, invalidf("No permission to add media items to this album.")
	case len(al.items)+len(ups) > l.opts.AlbumCapacity:
		return nil, invalidf("Album can not contain more than %d media items.", l.opts.AlbumCapacity)
	}
	return al, al.knows(req.AlbumPosition)
}

// fits reports whether the account has room for what is new among the uploads.
func (l *library) fits(c caller, ups []*upload) bool {
	if l.storage == 0 {
		return true
	}
	a := l.account(c.user)
	need := int64(0)
	counted := map[[32]byte]bool{}
	for _, up := range ups {
		if a.bySum[up.sum] == nil && !counted[up.sum] {
			counted[up.sum] = true
			need += up.content().size
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

func (b *batch) add(up *upload, n newMediaItem) (wireStatus, *wireItem) {
	if b.seen[up.sum] {
		return itemStatus(codeAlreadyExists), nil
	}
	if up.item != nil && b.l.opts.SpentTokens == SpentItem {
		return itemStatus(codeInvalidArgument), nil
	}
	name := n.SimpleMediaItem.FileName
	if name == "" {
		name = up.name
	}
	it, _ := b.l.putLocked(up, name, n.Description, b.now)
	if it == nil {
		return itemStatus(codeInvalidArgument), nil
	}
	b.seen[up.sum] = true
	if b.album != nil && b.album.insert(b.at, it) {
		b.at++
	}
	wire := b.l.wire(it, b.now)
	return wireStatus{Message: "Success"}, &wire
}

// itemStatus words the failure of one item. Only the code tells them apart.
func itemStatus(code int) wireStatus {
	switch code {
	case codeAlreadyExists:
		return wireStatus{code, "EXISTS: " + itemFailure}
	case codeInternal:
		return wireStatus{code, "Internal error"}
	}
	return wireStatus{code, "Failed: " + itemFailure}
}
