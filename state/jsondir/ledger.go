package jsondir

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state/driver"
)

const (
	ledgerFile = ownDir + "/ledger.jsonl"
	ledgerLock = ownDir + "/ledger.lock"

	maxEntry = 64 << 10 // bytes of one entry
)

// ledger is a journal: one entry per line, only ever appended to. Processes
// take turns at appending; a line that a crash cut short is cut off by the next
// one to append, and never counts.
type ledger struct {
	b *db

	mu     sync.Mutex
	file   *os.File // nil until used
	seed   maphash.Seed
	latest map[uint64]int64 // hash of account and key → offset of the latest line
	known  int64            // bytes indexed, a whole number of lines
}

// Recall returns the ledger's entry for an item at an account.
func (b *db) Recall(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	l := b.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.catchUp(ctx); err != nil {
		return driver.LedgerEntry{}, err
	}
	at, ok := l.latest[l.hash(account, key)]
	if !ok {
		return driver.LedgerEntry{}, driver.ErrNotFound
	}
	e, err := l.entryAt(at)
	if err == nil && (e.Account != account || e.Key != key) {
		e, err = l.search(ctx, account, key) // two keys with one hash
	}
	return e, err
}

// Record appends entries to the ledger and syncs it once.
func (b *db) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	data, err := encodeEntries(entries)
	if err != nil {
		return err
	}
	l := b.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := b.makeDir(ownDir); err != nil {
		return err
	}
	if err := b.touch(ledgerLock); err != nil {
		return b.fault("create", ledgerLock, err)
	}
	lock := flock.New(filepath.Join(b.path, filepath.FromSlash(ledgerLock)), flock.SetPermissions(filePerm))
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return b.fault("lock", ledgerLock, err)
	}
	defer lock.Unlock()
	if err := l.catchUp(ctx); err != nil {
		return err
	}
	err = b.step("append", ledgerFile, func() error { return l.append(data) })
	if err != nil {
		return b.fault("append to", ledgerFile, err)
	}
	return nil
}

func encodeEntries(entries []driver.LedgerEntry) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, e := range entries {
		before := b.Len()
		err := enc.Encode(e)
		if err == nil && b.Len()-before > maxEntry {
			err = fmt.Errorf("longer than %d bytes", maxEntry)
		}
		if err != nil {
			return nil, &fault.Error{Class: fault.Session, Code: fault.State, Op: "record " + e.Key, Err: err}
		}
	}
	return b.Bytes(), nil
}

// append writes whole lines after the last whole line. Nobody else appends
// meanwhile, so that what follows it is a line cut short.
func (l *ledger) append(data []byte) (err error) {
	f, err := l.b.root.OpenFile(ledgerFile, os.O_WRONLY|os.O_CREATE, filePerm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(l.known); err != nil {
		return err
	}
	if _, err := f.WriteAt(data, l.known); err != nil {
		return err
	}
	if err := f.Sync(); err != nil || l.file != nil {
		return err
	}
	return l.b.syncDir(ownDir) // the file is new
}

// open opens the journal for reading unless it is open and still the one at
// its path.
func (l *ledger) open() error {
	there, err := l.b.root.Stat(ledgerFile)
	if err == nil && l.file != nil {
		if mine, err := l.file.Stat(); err == nil && os.SameFile(mine, there) {
			return nil
		}
	}
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	l.reset()
	if err != nil {
		return err
	}
	l.file, err = regular.OpenIn(l.b.root, ledgerFile)
	return err
}

func (l *ledger) reset() {
	l.seed, l.latest, l.known = maphash.MakeSeed(), map[uint64]int64{}, 0
}

// catchUp indexes the lines appended since the last time, by whichever process.
func (l *ledger) catchUp(ctx context.Context) error {
	err := l.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return l.b.fault("open", ledgerFile, err)
	}
	info, err := l.file.Stat()
	if err != nil {
		return l.b.fault("read", ledgerFile, err)
	}
	if info.Size() < l.known {
		l.reset()
	}
	if info.Size() == l.known {
		return nil
	}
	return l.scan(ctx, l.known, func(at int64, account, key string) { l.latest[l.hash(account, key)] = at },
		func(end int64) { l.known = end })
}

// scan shows the place and key of every entry from an offset on, and the end of
// every whole line. Lines that are no entry are passed over.
func (l *ledger) scan(ctx context.Context, at int64, entry func(at int64, account, key string), line func(end int64)) error {
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, at, 1<<62), maxEntry)
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		text, size, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return l.b.fault("read", ledgerFile, err)
		}
		var e struct{ Account, Key string }
		if json.Unmarshal(text, &e) == nil && e.Key != "" {
			entry(at, e.Account, e.Key)
		} else {
			l.b.log.Warn("ledger line passed over", "file", ledgerFile, "offset", at)
		}
		at += size
		line(at)
	}
}

// readLine returns a whole line and its length; of one that is too long to be
// an entry it returns no text.
func readLine(r *bufio.Reader) (text []byte, size int64, err error) {
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		switch {
		case err == nil && size == int64(len(part)):
			return part, size, nil
		case err == nil:
			return nil, size, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, size, err
		}
	}
}

func (l *ledger) entryAt(at int64) (e driver.LedgerEntry, err error) {
	text, _, err := readLine(bufio.NewReaderSize(io.NewSectionReader(l.file, at, maxEntry), maxEntry))
	if err != nil {
		return e, l.b.fault("read", ledgerFile, err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, l.b.Damaged(ledgerFile, err)
	}
	return e, nil
}

// search finds the latest entry without the index.
func (l *ledger) search(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	latest := int64(-1)
	err := l.scan(ctx, 0, func(at int64, a, k string) {
		if a == account && k == key {
			latest = at
		}
	}, func(int64) {})
	switch {
	case err != nil:
		return driver.LedgerEntry{}, err
	case latest < 0:
		return driver.LedgerEntry{}, driver.ErrNotFound
	}
	return l.entryAt(latest)
}

func (l *ledger) hash(account, key string) uint64 {
	return maphash.String(l.seed, account+"\x00"+key)
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
