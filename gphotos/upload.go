package gphotos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/station"
)

// Upload carries the bytes of one item. It goes on from u.From if that is of
// this account, of these bytes and not too old, and otherwise starts over.
//
// An item that turns out, on opening, to be one that Refuse refuses is a
// fault of class Item that holds a *station.RefusedError. Content that changes while it is
// being carried is a Transient fault with code fault.Changed.
func (d *Destination) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	account, err := d.account(ctx)
	if err != nil {
		return station.Receipt{}, err
	}
	run := &carriage{d: d, u: u, account: account, op: "upload " + u.Item.Name}
	job, err := run.job(ctx)
	if err != nil {
		return station.Receipt{}, err
	}
	defer run.dropOpened()
	result, err := d.c.uploader.Upload(ctx, job)
	if err != nil {
		return station.Receipt{}, run.fault(ctx, err)
	}
	return station.Receipt{Token: result.Response, Size: result.Size, SHA256: result.SHA256, At: d.c.now().UTC(), Once: true}, nil
}

// carriage is one Upload.
type carriage struct {
	d       *Destination
	u       station.Upload
	account string
	op      string

	size    int64
	version string
	opened  *station.Content // opened to learn size and version, not read yet
	refused int              // access tokens refused since the last confirmed byte
}

// job opens the item and decides where to begin.
func (r *carriage) job(ctx context.Context) (resumable.Job, error) {
	from := r.usable()
	content, err := r.u.Open(ctx, offsetOf(from))
	if err != nil {
		return resumable.Job{}, err
	}
	r.opened, r.size, r.version = content, content.Size, content.Version
	if refusal := r.refusal(); refusal != nil {
		r.dropOpened()
		return resumable.Job{}, &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: r.op, Err: &station.RefusedError{Refusal: *refusal}}
	}
	job := resumable.Job{
		Media: resumable.Media{Size: r.size, ContentType: contentType(r.u.Item)},
		Open:  r.open, Unpinned: r.version == "", Save: r.save,
		Judge: func(err error) resumable.Verdict { return r.judge(ctx, err) },
		Sent:  r.u.Sent, Resent: r.u.Resent,
	}
	if c := r.u.From; c != nil {
		job.SentBefore = min(max(c.Confirmed, c.HashAt), r.size)
	}
	if from != nil && from.Size == r.size && r.u.From.Version == r.version {
		job.From = from
	}
	return job, nil
}

// usable returns u.From if the service may still know it, and if it names the
// bytes it is of: without a version, they may be others by now.
func (r *carriage) usable() *resumable.Checkpoint {
	c := r.u.From
	if c == nil || c.Version == "" || c.Account != r.account || c.Size <= 0 ||
		c.Confirmed < 0 || c.Confirmed > c.Size || r.d.c.now().Sub(c.StartedAt) > maxSessionAge {
		return nil
	}
	s, ok := readSession(c.Resume)
	if !ok {
		return nil
	}
	if at, err := url.Parse(s.URL); err != nil || !trusted(r.d.c.base, at) {
		return nil
	}
	return &resumable.Checkpoint{
		Session: s, StartedAt: c.StartedAt, Size: c.Size, Confirmed: c.Confirmed, HashAt: c.HashAt, HashState: c.HashState,
	}
}

// uploadSession is the part of a station.Checkpoint that is ours. URL is a
// credential.
type uploadSession struct {
	URL         string `json:"url"`
	Granularity int64  `json:"granularity"` // bytes; segment lengths are multiples of it
}

// readSession is the inverse of writeSession.
func readSession(resume json.RawMessage) (resumable.Session, bool) {
	var s uploadSession
	if json.Unmarshal(resume, &s) != nil || s.URL == "" || s.Granularity <= 0 {
		return resumable.Session{}, false
	}
	return resumable.Session{URL: s.URL, Granularity: s.Granularity}, true
}

func writeSession(s resumable.Session) json.RawMessage {
	data, _ := json.Marshal(uploadSession{s.URL, s.Granularity}) // a text and a number never fail
	return data
}

// refusal asks Refuse again, with the size that is now known.
func (r *carriage) refusal() *media.Refusal {
	item := r.u.Item
	item.Size = r.size
	return r.d.Refuse(item)
}

// offsetOf is where an upload that goes on from c will most likely read first.
func offsetOf(c *resumable.Checkpoint) int64 {
	switch {
	case c == nil:
		return 0
	case c.HashAt > 0 && c.HashAt < c.Confirmed:
		return c.HashAt
	}
	return c.Confirmed
}

// open hands out the content opened first if it fits, and otherwise opens
// another, which must be the same.
func (r *carriage) open(ctx context.Context, offset int64) (io.ReadCloser, error) {
	if c := r.opened; c != nil && c.Offset == offset {
		r.opened = nil
		return c.Body, nil
	}
	r.dropOpened()
	c, err := r.u.Open(ctx, offset)
	if err != nil {
		return nil, err
	}
	if c.Size != r.size || c.Version != r.version || c.Offset != offset {
		c.Body.Close()
		return nil, &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: r.op,
			Err: fmt.Errorf("the source's content changed while it was carried (from %d to %d bytes)", r.size, c.Size)}
	}
	return c.Body, nil
}

func (r *carriage) dropOpened() {
	if r.opened != nil {
		r.opened.Body.Close()
		r.opened = nil
	}
}

// save passes a checkpoint on.
func (r *carriage) save(ctx context.Context, c resumable.Checkpoint) error {
	r.refused = 0
	if r.u.Save == nil {
		return nil
	}
	err := r.u.Save(ctx, station.Checkpoint{
		Size: c.Size, Confirmed: c.Confirmed, StartedAt: c.StartedAt, Version: r.version, Account: r.account,
		HashAt: c.HashAt, HashState: c.HashState, Resume: writeSession(c.Session),
	})
	if _, ok := errors.AsType[*fault.Error](err); err == nil || ok || ctx.Err() != nil {
		return err
	}
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: "save how far " + r.u.Item.Name + " came", Err: err}
}

// judge decides whether a failure is worth another attempt.
func (r *carriage) judge(ctx context.Context, err error) resumable.Verdict {
	if source, ok := errors.AsType[*resumable.SourceError](err); ok {
		again := !errors.Is(err, resumable.ErrSourceChanged) && fault.ClassOf(source.Err) == fault.Transient && fault.CodeOf(source.Err) != fault.Changed
		return resumable.Verdict{Retry: again, After: fault.RetryAfterOf(source.Err)}
	}
	if e, ok := statusOf(err); ok && e.HTTP == http.StatusUnauthorized {
		r.refused++
		return resumable.Verdict{Retry: r.refused == 1} // the next request asks for another token
	}
	f := r.d.c.fault(ctx, r.op, err)
	if ctx.Err() != nil {
		return resumable.Verdict{}
	}
	if r.u.Failed != nil {
		r.u.Failed(f)
	}
	return resumable.Verdict{Retry: fault.ClassOf(f) == fault.Transient, After: fault.RetryAfterOf(f)}
}

// fault says what a failed upload means. A failure of the source that is a
// fault stays what it is.
func (r *carriage) fault(ctx context.Context, err error) error {
	if source, ok := errors.AsType[*resumable.SourceError](err); ok && ctx.Err() == nil {
		if errors.Is(source, resumable.ErrSourceChanged) {
			return &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: r.op, Err: source}
		}
		if _, ok := errors.AsType[*fault.Error](source.Err); !ok {
			return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: r.op, Err: source}
		}
		return source.Err
	}
	return r.d.c.fault(ctx, r.op, err)
}
