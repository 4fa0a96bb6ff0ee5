package folder

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/station"
)

// resumePoint is what a checkpoint holds for the folder alone.
type resumePoint struct {
	Partial string `json:"partial"` // name of the partial file
}

// Upload implements [station.Destination]: it writes a partial file.
func (d *Destination) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	if ctx.Err() != nil {
		return station.Receipt{}, context.Cause(ctx)
	}
	up := &upload{d: d, u: u, op: "write " + u.Item.Name + " to the folder " + d.o.Path}
	defer up.close()
	receipt, err := up.run(ctx)
	if err != nil && up.file != nil {
		up.keep(ctx)
		up.tidy(fault.CodeOf(err))
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return receipt, err
}

// upload is one file on its way into its partial file.
type upload struct {
	d  *Destination
	u  station.Upload
	op string

	file    *os.File // the partial file
	partial string   // its name
	account string
	began   time.Time
	version string // of the bytes in the partial file
	size    int64
	at      int64 // bytes in the partial file
	most    int64 // that it ever had
	hash    hash.Hash
	saved   int64 // bytes of the last checkpoint
}

func (up *upload) close() {
	if up.file != nil {
		up.file.Close()
	}
	up.d.uploading.Delete(up.partial)
}

func (up *upload) run(ctx context.Context) (receipt station.Receipt, err error) {
	if up.account, err = up.d.Account(ctx); err != nil {
		return receipt, err
	}
	if err := up.resume(ctx); err != nil {
		return receipt, err
	}
	content, err := up.u.Open(ctx, up.at)
	if err != nil {
		return receipt, err
	}
	if content, err = up.begin(ctx, content); err != nil {
		return receipt, err
	}
	if err := up.copy(ctx, content); err != nil {
		return receipt, err
	}
	return up.finish(ctx)
}

// resume opens the partial file of the checkpoint, if it is of use.
func (up *upload) resume(ctx context.Context) error {
	from := up.u.From
	var point resumePoint
	if from == nil || from.Account != up.account || json.Unmarshal(from.Resume, &point) != nil || !isPartial(point.Partial) {
		return nil
	}
	root, err := up.d.place.open()
	if err != nil {
		return failure(ctx, up.op, err)
	}
	if _, busy := up.d.uploading.LoadOrStore(point.Partial, true); busy {
		return nil
	}
	up.partial = point.Partial
	if up.file, err = root.OpenFile(partialDir+"/"+up.partial, os.O_RDWR, 0); err != nil {
		up.file = nil
		return nil // it is gone: from the beginning
	}
	sum, ok := up.covered(from)
	if !ok || up.file.Truncate(from.Confirmed) != nil {
		up.drop()
		return nil
	}
	up.hash, up.at, up.saved, up.most = sum, from.Confirmed, from.Confirmed, from.Confirmed
	up.version, up.size, up.began = from.Version, from.Size, from.StartedAt
	return nil
}

// covered returns the digest of the confirmed bytes: as the checkpoint has it, or
// read from the partial file again.
func (up *upload) covered(from *station.Checkpoint) (sum hash.Hash, ok bool) {
	if from.Confirmed <= 0 || from.Confirmed > from.Size || from.Version == "" {
		return nil, false
	}
	info, err := up.file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < from.Confirmed || isLinked(info) {
		return nil, false
	}
	sum = sha256.New()
	if from.HashAt == from.Confirmed && sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(from.HashState) == nil {
		_, err = up.file.Seek(from.Confirmed, io.SeekStart)
		return sum, err == nil
	}
	sum = sha256.New()
	n, err := io.CopyN(sum, up.file, from.Confirmed)
	return sum, err == nil && n == from.Confirmed
}

// drop removes a partial file that is of no use.
func (up *upload) drop() {
	up.file.Close()
	if root, err := up.d.place.open(); err == nil {
		_ = root.Remove(partialDir + "/" + up.partial)
	}
	up.file, up.at, up.saved = nil, 0, 0
}

// keep saves a last checkpoint of an upload that is being stopped. A full disk has no
// room for it.
func (up *upload) keep(ctx context.Context) {
	if ctx.Err() == nil || up.version == "" || up.at == up.size || fault.CodeOf(context.Cause(ctx)) == fault.Storage {
		return
	}
	if saved := up.saved; up.at > saved && up.save(context.WithoutCancel(ctx)) != nil {
		up.saved = saved
	}
}

// tidy removes what is of no use after an error: what no checkpoint knows of is written
// again anyway. On a full disk, files that are whole need the room for their lines in
// the manifest.
func (up *upload) tidy(code string) {
	switch {
	case up.saved == 0, code == fault.Changed:
		up.drop()
	case code == fault.Storage:
		_ = up.file.Truncate(up.saved)
	}
}

// begin makes sure that what was opened is what the partial file holds the
// beginning of, and otherwise begins a new one.
func (up *upload) begin(ctx context.Context, c *station.Content) (*station.Content, error) {
	if up.at > 0 && (c.Size != up.size || c.Version != up.version) {
		c.Body.Close()
		up.drop()
		fresh, err := up.u.Open(ctx, 0)
		if err != nil {
			return nil, err
		}
		c = fresh
	}
	item := up.u.Item
	if item.Size = c.Size; item.Size == 0 || item.Refusal != nil {
		c.Body.Close()
		return nil, &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: up.op, Err: &station.RefusedError{Refusal: *Refuse(item)}}
	}
	if up.at > 0 {
		return c, nil
	}
	up.size, up.version, up.began, up.hash = c.Size, c.Version, time.Now().UTC(), sha256.New()
	if err := up.create(ctx); err != nil {
		c.Body.Close()
		return nil, err
	}
	return c, nil
}

// create makes a partial file, in place of one that an earlier upload left behind,
// and saves a checkpoint if there is to be one.
func (up *upload) create(ctx context.Context) error {
	root, err := up.d.place.make()
	if err != nil {
		return failure(ctx, up.op, err)
	}
	up.d.uploading.Delete(up.partial)
	up.partial = up.d.claim(up.u.Item.LedgerKey())
	name := partialDir + "/" + up.partial
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure(ctx, up.op, err)
	}
	up.file, err = root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		up.file = nil
		return failure(ctx, up.op, err)
	}
	if up.size <= up.d.o.Interval {
		return nil
	}
	return up.save(ctx)
}

// save makes what was written durable and saves a checkpoint.
func (up *upload) save(ctx context.Context) error {
	if err := up.file.Sync(); err != nil {
		return failure(ctx, up.op, err)
	}
	state, err := up.hash.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return err
	}
	resume, err := json.Marshal(resumePoint{up.partial})
	if err != nil {
		return err
	}
	up.saved = up.at
	return up.u.Save(ctx, station.Checkpoint{
		Size: up.size, Confirmed: up.at, StartedAt: up.began, Version: up.version, Account: up.account,
		HashAt: up.at, HashState: state, Resume: resume,
	})
}

// mostDrops is how often in a row a source may drop without a byte.
const mostDrops = 5

// copy writes the rest of the item, however often the source drops.
func (up *upload) copy(ctx context.Context, content *station.Content) error {
	buffer := make([]byte, min(up.size, 256<<10))
	for drops := 0; ; {
		before := up.at
		err := up.write(ctx, content.Body, buffer)
		content.Body.Close()
		if err == nil || ctx.Err() != nil || fault.CodeOf(err) != "" && fault.ClassOf(err) != fault.Transient {
			return err
		}
		if drops++; up.at > before {
			drops = 1
		}
		if drops > mostDrops {
			return err
		}
		if content, err = up.reopen(ctx, drops, err); err != nil {
			return err
		}
	}
}

// reopen opens the source after a drop, where the partial file ends.
func (up *upload) reopen(ctx context.Context, drops int, why error) (*station.Content, error) {
	if err := retry.Sleep(ctx, time.Duration(drops)*time.Second); err != nil {
		return nil, err
	}
	if up.version == "" {
		if err := up.restart(ctx); err != nil {
			return nil, err
		}
	}
	c, err := up.u.Open(ctx, up.at)
	if err != nil {
		return nil, err
	}
	if c.Size != up.size || c.Version != up.version {
		c.Body.Close()
		return nil, &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: up.op, Err: errors.Join(errors.New("the file changed while it was carried"), why)}
	}
	return c, nil
}

// restart forgets what was written of a file without a version: it may
// be another one by now.
func (up *upload) restart(ctx context.Context) error {
	if err := up.file.Truncate(0); err != nil {
		return failure(ctx, up.op, err)
	}
	if _, err := up.file.Seek(0, io.SeekStart); err != nil {
		return failure(ctx, up.op, err)
	}
	up.at, up.saved = 0, 0
	up.hash.Reset()
	return nil
}

// write copies a body to its end. Its error is the source's or a fault.
func (up *upload) write(ctx context.Context, body io.Reader, buffer []byte) error {
	for up.at < up.size {
		n, err := body.Read(buffer[:min(int64(len(buffer)), up.size-up.at, up.saved+up.d.o.Interval-up.at)])
		if n > 0 {
			if err := up.put(ctx, buffer[:n]); err != nil {
				return err
			}
		}
		switch {
		case up.at == up.size:
			return nil
		case errors.Is(err, io.EOF):
			return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: up.op, Err: io.ErrUnexpectedEOF}
		case err != nil:
			return err
		}
	}
	return nil
}

// put writes some bytes, and saves a checkpoint if it is time.
func (up *upload) put(ctx context.Context, p []byte) error {
	if _, err := up.file.Write(p); err != nil {
		return failure(ctx, up.op, err)
	}
	up.hash.Write(p)
	again := min(up.most-up.at, int64(len(p)))
	up.at += int64(len(p))
	up.most = max(up.most, up.at)
	if up.u.Sent != nil {
		up.u.Sent(int64(len(p)))
	}
	if up.u.Resent != nil && again > 0 {
		up.u.Resent(again)
	}
	if up.at-up.saved < up.d.o.Interval || up.at == up.size {
		return nil
	}
	return up.save(ctx)
}

// finish makes the whole partial file durable and names it after its bytes.
func (up *upload) finish(ctx context.Context) (station.Receipt, error) {
	info, err := up.file.Stat()
	if err == nil && info.Size() != up.size {
		err = fmt.Errorf("the partial file has %d bytes, want %d", info.Size(), up.size)
	}
	if err == nil {
		err = up.file.Sync()
	}
	if err == nil {
		err = up.file.Close() // may tell of a full disk on a network share
	}
	sum := hex.EncodeToString(up.hash.Sum(nil))
	token := wholeName(up.u.Item.LedgerKey(), sum)
	if err == nil {
		err = up.rename(token)
	}
	if err != nil {
		return station.Receipt{}, failure(ctx, up.op, err)
	}
	up.d.written.Add(1)
	return station.Receipt{Token: token, Size: up.size, SHA256: sum, At: time.Now().UTC()}, nil
}

// rename gives the partial file another name. Whatever bears it has the same bytes.
func (up *upload) rename(name string) error {
	root, err := up.d.place.open()
	if err != nil {
		return err
	}
	return root.Rename(partialDir+"/"+up.partial, partialDir+"/"+name)
}
