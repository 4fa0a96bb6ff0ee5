package jsondir

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	file   *os.File        // nil until used
	latest map[print]int64 // account and key → offset of the latest line
	known  int64           // bytes indexed, a whole number of lines
}

// Recall returns the ledger's entry for an item at an account.
func (b *db) Recall(ctx context.Context, account, key string) (driver.LedgerEntry, error) {
	l := b.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 2 {
		if err := l.catchUp(ctx); err != nil {
			return driver.LedgerEntry{}, err
		}
		at, ok := l.latest[entryPrint(account, key)]
		if !ok {
			break
		}
		e, err := l.entryAt(at)
		if err != nil || e.Account == account && e.Key == key {
			return e, err
		}
		l.reset() // the file was changed where it had been indexed
	}
	return driver.LedgerEntry{}, driver.ErrNotFound
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
	return b.step("append to", ledgerFile, func() error { return l.append(data) })
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
	l.latest, l.known = map[print]int64{}, 0
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
	return l.scan(ctx)
}

// scan indexes what follows the lines that are. Lines that are no entry are passed
// over.
func (l *ledger) scan(ctx context.Context) error {
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, l.known, 1<<62), maxEntry)
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
			l.latest[entryPrint(e.Account, e.Key)] = l.known
		} else {
			l.b.log.Warn("ledger line passed over", "file", ledgerFile, "offset", l.known)
		}
		l.known += size
	}
}

func entryPrint(account, key string) print { return printOf(account + "\x00" + key) }

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
