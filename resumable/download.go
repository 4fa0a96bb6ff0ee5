package resumable

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Downloader fetches objects by HTTP, as Uploader sends them: what drops is
// fetched on from the byte at which it dropped, of the same version of the
// object, and the digest is compared with the server's. It is safe for concurrent
// use; the zero values of all fields are filled with defaults.
type Downloader struct {
	// Client sends the requests and authorises them; nil means
	// http.DefaultClient. Its Timeout must be 0: it would count the body.
	Client   *http.Client
	Timeouts Timeouts
	Retry    Retry
	// AllowHost, if not nil, reports whether a redirect may lead to a host that is
	// not the one of the URL.
	AllowHost func(host string) bool
	// OnWait, if not nil, is called before each wait longer than a second.
	OnWait func(reason error, until time.Time)
}

// Fetch is one object to be downloaded.
type Fetch struct {
	// URL is that of the bytes, such as
	// "https://storage.googleapis.com/storage/v1/b/BUCKET/o/OBJECT?alt=media".
	URL    string
	Header http.Header // of each request
	// To gets the bytes in order, each once. When From is set, it continues after
	// the bytes that were received before.
	To       io.Writer
	Checksum Checksum
	// From is where an earlier download stopped, or nil.
	From *Received
	// Save, if not nil, stores how far the download is, and makes durable what To
	// has got. It is called every three seconds and every 32 MiB. Its failure ends
	// the download.
	Save func(ctx context.Context, r Received) error
	// Progress, if not nil, is called with the bytes that To has got, and the size
	// or Unknown. It must be quick.
	Progress func(received, size int64)
	// Judge, if not nil, decides what a failure means; nil stands for Judge, the
	// function.
	Judge func(err error) Verdict
}

// Received is what another process needs to continue a download. It is plain
// data: encode it with encoding/json or any other encoding.
type Received struct {
	Bytes     int64  // that To has got
	Size      int64  // of the object, or Unknown
	Validator string // ETag of the version; "" if it has none that is strong
	HashState []byte // marshalled hash of the Fetch's Checksum
	Object    Object // as the server describes it
}

// LogValue leaves out the hash.
func (r Received) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("bytes", r.Bytes), slog.Int64("size", r.Size), slog.String("validator", r.Validator))
}

// Fetched is a finished download.
type Fetched struct {
	Size        int64  // bytes
	ResumedFrom int64  // bytes that were received before
	Checksum    []byte // of the Fetch's kind; nil if unknown
	Verified    bool   // Checksum is the one that the server named
}

// SinkError is a failure to write what was received.
type SinkError struct{ Err error }

// Error describes the failure.
func (e *SinkError) Error() string { return fmt.Sprintf("write received bytes: %v", e.Err) }

// Unwrap returns the failure of To.
func (e *SinkError) Unwrap() error { return e.Err }

// Download downloads one object with the default settings.
func Download(ctx context.Context, url string, to io.Writer) (Fetched, error) {
	return new(Downloader).Download(ctx, Fetch{URL: url, To: to, Checksum: MD5})
}

// Download downloads one object. It returns the first failure that is not to be
// retried, or the last one when the attempts of Retry are used up: *StatusError,
// *ProtocolError, *ChecksumError, *SinkError, an error of the network, Save's
// error, or the cause of ctx. An object that changes while it is downloaded ends
// it with a *ProtocolError that is ErrSourceChanged.
func (d *Downloader) Download(ctx context.Context, f Fetch) (Fetched, error) {
	t := newFetching(d, f)
	if f.From != nil && (f.From.Bytes < 0 || f.From.Size != Unknown && f.From.Bytes > f.From.Size) {
		return Fetched{}, fmt.Errorf("%w: %d bytes received of %d", ErrCheckpoint, f.From.Bytes, f.From.Size)
	}
	if err := t.run(ctx); err != nil {
		return Fetched{}, err
	}
	local := t.hash.sum(t.at.Bytes)
	verified, err := t.at.Object.compare(f.Checksum, local)
	if err != nil {
		return Fetched{}, err
	}
	return Fetched{Size: t.at.Bytes, ResumedFrom: t.resumed, Checksum: local, Verified: verified}, nil
}
