package jsondir

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state/driver"
)

const (
	ledgerFile = ownDir + "/ledger.jsonl"
	ledgerLock = ownDir + "/ledger.lock"

	maxEntry = 64 << 10 // bytes of one entry
)

// ledger is where the entries are in a file of lines that is only ever appended to.
// Processes take turns at that. A line that a crash cut short never counts.
type ledger struct {
	mu     sync.Mutex
	file   fs.FileInfo     // that is indexed; nil if none is
	latest map[print]int64 // account and key → offset of the latest line
	known  int64           // bytes indexed
}

// Recall returns the ledger's entry for an item at an account.
func (b *db) Recall(ctx context.Context, account, key string) (e driver.LedgerEntry, err error) {
	l := &b.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := regular.OpenIn(b.root, ledgerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return e, driver.ErrNotFound
	}
	if err != nil {
		return e, b.fault("open", ledgerFile, err)
	}
	defer f.Close()
	for range 2 {
		if err := l.catchUp(ctx, f, b.log); err != nil {
			return e, cmp.Or(ctx.Err(), b.fault("read", ledgerFile, err))
		}
		at, ok := l.latest[entryPrint(account, key)]
		if !ok {
			break
		}
		err = json.NewDecoder(io.NewSectionReader(f, at, maxEntry)).Decode(&e)
		if err == nil && e.Account == account && e.Key == key {
			return e, nil
		}
		l.file, e = nil, driver.LedgerEntry{} // the file was changed where it had been indexed
	}
	return e, driver.ErrNotFound
}

// Record appends entries to the ledger and syncs it once.
func (b *db) Record(ctx context.Context, entries []driver.LedgerEntry) error {
	data, err := encodeEntries(entries)
	if err != nil {
		return err
	}
	b.ledger.mu.Lock()
	defer b.ledger.mu.Unlock()
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
	return b.step("append to", ledgerFile, func() error { return b.appendTo(ledgerFile, data, true) })
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
			return nil, driver.Fault("record "+e.Key, err, "")
		}
	}
	return b.Bytes(), nil
}

func entryPrint(account, key string) print { return printOf(account + "\x00" + key) }

// catchUp indexes the lines appended since the last time, by whichever process.
// Lines that are no entry are passed over.
func (l *ledger) catchUp(ctx context.Context, f *os.File, log *slog.Logger) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if l.file == nil || !os.SameFile(l.file, info) || info.Size() < l.known {
		l.latest, l.known = map[print]int64{}, 0
	}
	l.file = info
	if info.Size() == l.known {
		return nil
	}
	r := bufio.NewReaderSize(io.NewSectionReader(f, l.known, info.Size()-l.known), maxEntry)
	for ctx.Err() == nil {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) { // what is longer than any entry is read in parts
			return err
		}
		var e struct{ Account, Key string }
		if json.Unmarshal(line, &e) == nil && e.Key != "" {
			l.latest[entryPrint(e.Account, e.Key)] = l.known
		} else {
			log.Warn("ledger line passed over", "file", ledgerFile, "offset", l.known)
		}
		l.known += int64(len(line))
	}
	return ctx.Err()
}
