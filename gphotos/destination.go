package gphotos

import (
	"cmp"
	"context"
	"errors"
	"time"

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
	// "gphotos:3f9a1c…". It may be nil if the client's tokens know their account, as
	// those of package auth do.
	Account func(ctx context.Context) (string, error)
	// Name is the name of the station; "" means "gphotos:".
	Name string
	// BatchSize is the most items of one create call, at most and by default
	// MaxBatch.
	BatchSize int
	// AlbumSize is the most items that an album holds; 0 means MaxAlbum.
	AlbumSize int
}

// Destination is Google Photos as a station to carry to. It is safe for
// concurrent use.
type Destination struct {
	c         *Client
	name      string
	account   func(ctx context.Context) (string, error)
	batchSize int
	albumSize int

	album chan struct{}     // full while an album is looked up and created
	made  map[string]string // ids of the albums created here, by title; guarded by album
}

// NewDestination returns the station of c's account.
func NewDestination(c *Client, o DestinationOptions) (*Destination, error) {
	if o.Account == nil {
		o.Account = accountOf(c.tokens)
	}
	if o.Account == nil {
		return nil, errors.New("a Google Photos destination needs to know its account")
	}
	size := o.BatchSize
	if size <= 0 || size > MaxBatch {
		size = MaxBatch
	}
	return &Destination{c: c, name: cmp.Or(o.Name, Scheme+":"), account: o.Account, batchSize: size, albumSize: cmp.Or(o.AlbumSize, MaxAlbum),
		album: make(chan struct{}, 1), made: map[string]string{}}, nil
}

// accountOf returns a function that names the account of tokens, or nil if they do
// not know it.
func accountOf(tokens TokenSource) func(context.Context) (string, error) {
	source, ok := tokens.(accountSource)
	if !ok {
		return nil
	}
	return func(ctx context.Context) (string, error) {
		account, err := source.Account(ctx)
		return Scheme + ":" + account, err
	}
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
