package resumable

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// The most that the hash on record lags behind the bytes.
const (
	saveEvery     = 3 * time.Second
	saveEverySize = 32 * mib
)

func (t *transfer) save(ctx context.Context) error {
	t.savedAt = time.Now()
	if t.job.Save == nil {
		return nil
	}
	state, at := t.hash.state()
	t.savedHash = at
	err := t.job.Save(ctx, Checkpoint{
		Session: t.session, StartedAt: t.startedAt, Size: t.total,
		Confirmed: t.confirmed, HashAt: at, HashState: state,
	})
	if err != nil {
		return &saveError{err}
	}
	return nil
}

// saveError keeps a failure to save from being taken for one to upload.
type saveError struct{ err error }

func (e *saveError) Error() string { return fmt.Sprintf("save checkpoint: %v", e.err) }
func (e *saveError) Unwrap() error { return e.err }

// passage is the body of one request: the source from where it stands.
type passage struct {
	t   *transfer
	ctx context.Context // of the upload, not of the request: the source outlives it
}

func (t *transfer) passage(ctx context.Context) *passage { return &passage{t, ctx} }

// Read reads the source and accounts for what passes.
func (p *passage) Read(b []byte) (int, error) {
	t, at := p.t, p.t.src.at
	n, err := t.src.read(p.ctx, b)
	if n == 0 {
		return 0, err
	}
	if err := t.hash.write(b[:n], at); err != nil {
		return 0, err
	}
	if again := min(t.sent-at, int64(n)); again > 0 && t.job.Resent != nil {
		t.job.Resent(again)
	}
	if t.job.Sent != nil {
		t.job.Sent(int64(n))
	}
	t.sent = max(t.sent, at+int64(n))
	return n, cmp.Or(err, t.keepUp(p.ctx))
}

// keepUp stores the hash while a long segment is on its way, so that after a
// crash only little has to be read again to complete it.
func (t *transfer) keepUp(ctx context.Context) error {
	if t.job.Save == nil || t.session.URL == "" || time.Since(t.savedAt) < saveEvery && t.hash.at-t.savedHash < saveEverySize {
		return nil
	}
	return t.save(ctx)
}

// Close interrupts the source; the next request reopens it where it needs to.
func (p *passage) Close() error {
	p.t.src.interrupt()
	return nil
}

// close releases the source.
func (t *transfer) close() {
	t.src.interrupt()
	if t.win != nil {
		t.win.close()
	}
}
