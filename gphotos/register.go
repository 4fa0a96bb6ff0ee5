package gphotos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"unicode/utf16"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/station"
)

const maxFileName = 255 // characters

// gRPC codes of item results.
const (
	codeOK                = 0
	codeInvalidArgument   = 3
	codeNotFound          = 5
	codeAlreadyExists     = 6
	codeResourceExhausted = 8
)

// Create registers a batch. A refusal of the whole batch is bisected until the
// culprit stands alone, so that an item's failure is its own. An entry whose
// receipt is Stale is not sent; it fails with code fault.TokenInvalid, as
// does one whose token the service does not accept.
//
// When a failure ends a bisection halfway, what is known is returned, and the
// entries that were not reached fail with its code as Transient: sending them
// again shows whether it still stands.
func (d *Destination) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	if len(b.Entries) > d.batchSize {
		return station.BatchResult{}, &fault.Error{Class: fault.Session, Code: fault.Protocol,
			Op: createOp(len(b.Entries)), Err: fmt.Errorf("a batch holds at most %d", d.batchSize)}
	}
	r := &registration{d: d, batch: b}
	r.out.Results = make([]station.Result, len(b.Entries))
	var send []int
	for i, e := range b.Entries {
		if d.Stale(e.Receipt) {
			r.fail(i, fault.Item, fault.TokenInvalid, errors.New("the upload token is too old"))
			continue
		}
		send = append(send, i)
	}
	if len(send) == 0 {
		return r.out, nil
	}
	r.sent = len(send)
	if err := r.create(ctx, send); err != nil && !r.known {
		return station.BatchResult{}, err
	}
	return r.out, nil
}

// registration is one Create.
type registration struct {
	d     *Destination
	batch station.Batch
	sent  int // entries of the first call
	out   station.BatchResult
	known bool // something is known about some entry that was sent
}

// create registers the entries at these indexes. If it fails, each of them has
// the failure as its result.
func (r *registration) create(ctx context.Context, at []int) error {
	items := make([]NewItem, len(at))
	for k, i := range at {
		e := r.batch.Entries[i]
		items[k] = NewItem{Token: e.Receipt.Token, FileName: fitName(e.Item.Name)}
	}
	made, err := r.d.c.BatchCreate(ctx, r.batch.AlbumID, items)
	if r.batch.AlbumID != "" && fault.ClassOf(err) == fault.Item && len(at) == r.sent {
		err = r.d.blame(ctx, r.batch.AlbumID, len(items), err)
	}
	switch {
	case err == nil:
		r.answered(at, made)
		return nil
	case fault.ClassOf(err) != fault.Item:
		for _, i := range at {
			r.out.Results[i] = unreached(err)
		}
		return err
	case len(at) == 1:
		r.known = true
		r.out.Results[at[0]] = station.Result{Err: err}
		return nil
	}
	return r.bisect(ctx, at)
}

func (r *registration) bisect(ctx context.Context, at []int) error {
	half := len(at) / 2
	if err := r.create(ctx, at[:half]); err != nil {
		for _, i := range at[half:] {
			r.out.Results[i] = unreached(err)
		}
		return err
	}
	return r.create(ctx, at[half:])
}

func (r *registration) answered(at []int, made Creation) {
	r.known = true
	r.out.Responses = append(r.out.Responses, made.Response)
	for k, i := range at {
		r.judge(i, made.Results[k], made.Unsure || r.batch.Entries[i].MaybeSpent)
	}
}

// judge turns an item's result into the entry's. Branching is by the code, since
// the messages are all alike, but for those that speak of the account.
func (r *registration) judge(i int, res ItemResult, unsure bool) {
	err := fmt.Errorf("code %d: %s", res.Code, res.Message)
	switch {
	case res.Code == codeOK && res.Item != nil && media.Word(res.Item.ID) != "":
		r.out.Results[i] = station.Result{ID: res.Item.ID}
	case res.Code == codeOK:
		r.fail(i, fault.Transient, fault.Protocol, errors.New("created, but the answer holds no item"))
	case r.exhausted(i, res):
	case res.Code == codeInvalidArgument && unsure:
		// An attempt whose answer was lost may have spent the token.
		r.fail(i, fault.Item, fault.TokenInvalid, err)
	case res.Code == codeInvalidArgument:
		r.fail(i, fault.Item, fault.Rejected, fmt.Errorf("the service does not accept the file as a photo or video (%w)", err))
	case res.Code == codeAlreadyExists:
		r.fail(i, fault.Transient, fault.Duplicate, err)
	default:
		r.fail(i, fault.Transient, fault.Server, err)
	}
}

// exhausted fails an entry, and with it the run, if its result says that the
// account is full or its quota of the day spent.
func (r *registration) exhausted(i int, res ItemResult) bool {
	said := &resumable.StatusError{HTTP: http.StatusTooManyRequests, Message: res.Message}
	if !isStorage(said) && (res.Code != codeResourceExhausted || !isDaily(said)) {
		return false
	}
	f := &fault.Error{Class: fault.Session, Op: "create " + r.batch.Entries[i].Item.Name, Err: fmt.Errorf("code %d: %s", res.Code, res.Message)}
	r.d.c.judgeStatus(f, said)
	r.out.Results[i] = station.Result{Err: f}
	return true
}

func (r *registration) fail(i int, class fault.Class, code string, err error) {
	op := "create " + r.batch.Entries[i].Item.Name
	r.out.Results[i] = station.Result{Err: &fault.Error{Class: class, Code: code, Op: op, Err: err}}
}

// unreached is the result of entries that a call's failure kept from being
// created.
func unreached(err error) station.Result {
	f := fault.Error{Code: fault.Unreachable, Op: "create media items", Err: err}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		f = *known
	}
	f.Class = fault.Transient
	return station.Result{Err: &f}
}

// fitName shortens a name to what the service takes and keeps its extension:
// one name that is too long has the whole batch refused. The service's
// characters are taken to be UTF-16 units, the stricter reading.
func fitName(name string) string {
	if len(utf16.Encode([]rune(name))) <= maxFileName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	stem := []rune(name[:len(name)-len(ext)])
	for len(utf16.Encode(stem))+len(utf16.Encode([]rune(ext))) > maxFileName {
		stem = stem[:len(stem)-1]
	}
	return string(stem) + ext
}
