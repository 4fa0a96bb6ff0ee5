package gphotos

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Scheme is the scheme of the station.
const Scheme = "gphotos"

const (
	// The service keeps upload tokens for a day and, as far as is known, upload
	// sessions for a week; both are given up before.
	maxTokenAge   = 23 * time.Hour
	maxSessionAge = 156 * time.Hour
)

// DestinationOptions configure a Destination.
type DestinationOptions struct {
	// Account names the account, the same in every run, such as
	// "gphotos:3f9a1c…". Required.
	Account func(ctx context.Context) (string, error)
	// Name is the name of the station; "" means "gphotos:".
	Name string
	// BatchSize is the most items of one create call, at most and by default
	// MaxBatch.
	BatchSize int
}

// Destination is Google Photos as a station to carry to. It is safe for
// concurrent use.
type Destination struct {
	c         *Client
	name      string
	account   func(ctx context.Context) (string, error)
	batchSize int

	album chan struct{}     // full while an album is looked up and created
	made  map[string]string // ids of the albums created here, by title; guarded by album
}

// NewDestination returns the station of c's account.
func NewDestination(c *Client, o DestinationOptions) (*Destination, error) {
	if o.Account == nil {
		return nil, errors.New("a Google Photos destination needs to know its account")
	}
	size := o.BatchSize
	if size <= 0 || size > MaxBatch {
		size = MaxBatch
	}
	return &Destination{c: c, name: cmp.Or(o.Name, Scheme+":"), account: o.Account, batchSize: size,
		album: make(chan struct{}, 1), made: map[string]string{}}, nil
}

// Name returns the name of the station, such as "gphotos:".
func (d *Destination) Name() string { return d.name }

// Account returns the name of the account.
func (d *Destination) Account(ctx context.Context) (string, error) { return d.account(ctx) }

// Limits returns the most entries that Create takes.
func (d *Destination) Limits() station.Limits { return station.Limits{Batch: d.batchSize} }

// Pace returns how many writes the service takes from all clients of the account
// together.
func (d *Destination) Pace() station.Pace {
	return station.Pace{Writes: len(d.c.writes.ended), Per: paceWindow}
}

// Gate returns the destination with its writes going through a gate, in addition
// to the client's own turns and pace.
func (d *Destination) Gate(g station.WriteGate) station.Destination {
	gated := *d
	gated.c = d.c.through(g)
	return &gated
}

// Forecast estimates the requests that carrying a load takes: a start and a
// segment or two of upload for each item, and a create call for each batch.
func (d *Destination) Forecast(load station.Load) map[string]int64 {
	const segment = 256 << 20 // bytes that one upload request carries on a common line
	batch := max(load.Batch, 1)
	return map[string]int64{
		"gphotos_upload": 2*load.Items + load.Bytes/segment,
		"gphotos_json":   (load.Items + batch - 1) / batch,
	}
}

// Requests returns how many requests were sent so far, by kind.
func (d *Destination) Requests() map[string]int64 { return d.c.Requests() }

// Stale reports whether r is older than 23 hours: the service forgets upload
// tokens after a day.
func (d *Destination) Stale(r station.Receipt) bool {
	return r.Token == "" || d.c.now().Sub(r.At) > maxTokenAge
}

// albumSettles is how long the listing of albums may lack one that was created.
const albumSettles = 30 * time.Second

// Album returns the id of the writable album with this title among those that
// the app created, and creates it if there is none. Before each further attempt
// to create it, it looks for the album until a listing would show it: an attempt
// that got no answer may have created it. One that was created here is found again
// although no listing shows it yet.
func (d *Destination) Album(ctx context.Context, title string) (id string, err error) {
	if title, err = media.AlbumTitle(title); err != nil {
		return "", albumFault(title, &fault.Error{Class: fault.Item, Code: fault.Album, Err: err})
	}
	select {
	case d.album <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-d.album }()
	var lookErr error // that is: after all the repetitions of looking
	var patience time.Duration
	err = retry.Do(ctx, d.c.retry, func(ctx context.Context) error {
		if id, lookErr = d.awaitAlbum(ctx, title, patience); id != "" || lookErr != nil {
			return nil
		}
		made, err := d.c.CreateAlbum(ctx, title)
		if id = made.ID; fault.CodeOf(err) != fault.Rate {
			patience = albumSettles
		}
		if err == nil {
			d.made[title] = id
		}
		return albumFault(title, err)
	})
	return id, cmp.Or(err, lookErr)
}

// awaitAlbum looks for an album until it is found or patience is at an end, and
// returns "" then.
func (d *Destination) awaitAlbum(ctx context.Context, title string, patience time.Duration) (string, error) {
	deadline := time.Now().Add(patience)
	for pause := time.Second; ; pause *= 2 {
		id, err := d.findAlbum(ctx, title)
		left := time.Until(deadline)
		if id != "" || err != nil || left <= 0 {
			return id, err
		}
		if err := retry.Sleep(ctx, min(pause, left)); err != nil {
			return "", err
		}
	}
}

// findAlbum returns "" if there is no such album.
func (d *Destination) findAlbum(ctx context.Context, title string) (string, error) {
	for a, err := range d.c.Albums(ctx) {
		if err != nil {
			return "", err
		}
		if listed, _ := media.AlbumTitle(a.Title); listed == title && a.IsWriteable {
			return a.ID, nil
		}
	}
	return d.unlistedAlbum(ctx, title)
}

// unlistedAlbum returns the album that was created here, if it is still there: a
// listing may lack a new one for some seconds. It returns "" if there is none.
func (d *Destination) unlistedAlbum(ctx context.Context, title string) (string, error) {
	id := d.made[title]
	if id == "" {
		return "", nil
	}
	_, err := d.c.Album(ctx, id)
	if fault.CodeOf(err) == fault.Gone {
		delete(d.made, title)
		return "", nil
	}
	return id, err
}

// albumFault: without the album that was asked for, nothing can go on.
func albumFault(title string, err error) error {
	if err == nil || fault.ClassOf(err) != fault.Item {
		return err
	}
	return &fault.Error{Class: fault.Session, Code: fault.Album, Op: "create album " + title, Err: err, Hint: "use another album name"}
}
