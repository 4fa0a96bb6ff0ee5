package photos

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// library holds what lies in the accounts: items and albums.
type library struct {
	opts *Options

	mu       sync.Mutex
	accounts map[string]*account // by user
	byID     map[string]*item
	albums   map[string]*album // by id
	seq      int
	storage  int64   // bytes an account may hold; 0: no limit
	held     int64   // bytes of memory in use for files
	holding  []*item // whose files are in memory, oldest first
	made     map[*upload.Upload]*item
}

// account is one user's part of the library.
type account struct {
	items  []*item            // oldest addition first
	views  map[string][]*item // by project, newest first; made when asked for
	bySum  map[[32]byte]*item
	albums []*album // oldest first
	used   int64
}

// item is a photo or video of a user.
type item struct {
	id, user    string
	project     string // whose client made it; empty: it came by other means
	filename    string
	description string
	seq         int
	sum         [32]byte
	size        int64
	file        upload.File // its bytes may have been let go
	media       mediaInfo
	added       time.Time
	failed      bool
	tokens      int
}

func newLibrary(o *Options) *library {
	return &library{
		opts:     o,
		accounts: map[string]*account{},
		byID:     map[string]*item{},
		albums:   map[string]*album{},
		storage:  o.Storage,
		made:     map[*upload.Upload]*item{},
	}
}

func (l *library) account(user string) *account {
	a := l.accounts[user]
	if a == nil {
		a = &account{bySum: map[[32]byte]*item{}, views: map[string][]*item{}}
		l.accounts[user] = a
	}
	return a
}

// put makes an item of an upload, or finds the one with the same bytes. The item
// is nil when the bytes are no media.
func (l *library) put(up *upload.Upload, name, description string, now time.Time) (it *item, created bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.putLocked(up, name, description, now)
}

func (l *library) putLocked(up *upload.Upload, name, description string, now time.Time) (it *item, created bool) {
	a := l.account(up.Caller.User)
	if same := a.bySum[up.Sum]; same != nil {
		l.spend(up, same)
		return same, false
	}
	media, ok := inspect(l.content(up))
	if !ok || !media.video && l.content(up).Size > maxPhoto {
		return nil, false
	}
	if media.taken.IsZero() {
		media.taken = now
	}
	l.seq++
	it = &item{
		id: "AH0myB" + google.Opaque(92), user: up.Caller.User, project: up.Caller.Project,
		filename: name, description: description, seq: l.seq,
		sum: up.Sum, size: l.content(up).Size, file: l.content(up), media: media, added: now,
	}
	l.byID[it.id] = it
	a.bySum[it.sum] = it
	a.items = append(a.items, it)
	clear(a.views)
	a.used += it.size
	l.spend(up, it)
	l.hold(it)
	return it, true
}

// spend ties an upload to its item, so that the bytes are held once.
func (l *library) spend(up *upload.Upload, it *item) {
	if l.made[up] != it {
		it.tokens++
	}
	l.made[up], up.File = it, upload.File{}
}

// content is the file of an upload, before or after it was made an item.
func (l *library) content(up *upload.Upload) upload.File {
	if it := l.made[up]; it != nil {
		return it.file
	}
	return up.File
}

// hold accounts for the memory of an item's file and lets the oldest files go
// when all together are too much.
func (l *library) hold(it *item) {
	l.held += it.file.Kept()
	l.holding = append(l.holding, it)
	for l.held > l.opts.KeepAll && len(l.holding) > 0 {
		l.release(l.holding[0])
		l.holding = l.holding[1:]
	}
}

func (l *library) release(it *item) {
	l.held -= it.file.Kept()
	it.file = upload.File{Size: it.size}
}

// find returns a user's item that a project may see.
func (l *library) find(c google.Caller, id string) *item {
	it := l.byID[id]
	if it == nil || it.user != c.User || it.project != c.Project {
		return nil
	}
	return it
}

func (l *library) drop(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.byID[id]
	if it == nil {
		return false
	}
	a := l.account(it.user)
	delete(l.byID, id)
	delete(a.bySum, it.sum)
	a.items = slices.DeleteFunc(a.items, func(o *item) bool { return o == it })
	clear(a.views)
	a.used -= it.size
	for _, al := range a.albums {
		al.remove(it)
	}
	return true
}

func (l *library) fail(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	it := l.byID[id]
	if it == nil || !it.media.video {
		return false
	}
	it.failed = true
	return true
}

func (l *library) setStorage(limit int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.storage = limit
}

// status is the processing state of a video; a photo has none.
func (l *library) status(it *item, now time.Time) string {
	switch {
	case !it.media.video:
		return ""
	case now.Sub(it.added) < l.opts.ProcessingTime:
		return "PROCESSING"
	case it.failed:
		return "FAILED"
	}
	return "READY"
}

// listed returns what a project sees of an account in lists, newest first. The
// caller must not change the slice.
func (l *library) listed(c google.Caller, now time.Time) []*item {
	a := l.account(c.User)
	if _, made := a.views[c.Project]; !made {
		a.views[c.Project] = a.view(c.Project)
	}
	if l.opts.ListDelay <= 0 {
		return a.views[c.Project]
	}
	return selected(a.views[c.Project], func(it *item) bool { return now.Sub(it.added) >= l.opts.ListDelay })
}

func (a *account) view(project string) []*item {
	items := selected(a.items, func(it *item) bool { return it.project == project })
	slices.SortFunc(items, newestFirst)
	return items
}

// selected returns the items that are kept, in a slice of their own.
func selected(items []*item, keep func(*item) bool) []*item {
	kept := []*item{}
	for _, it := range items {
		if keep(it) {
			kept = append(kept, it)
		}
	}
	return kept
}

func newestFirst(a, b *item) int {
	return cmp.Or(b.media.taken.Compare(a.media.taken), cmp.Compare(b.seq, a.seq))
}

// key sorts as the item does, ascending with time.
func (it *item) key() string {
	return fmt.Sprintf("%020d.%012d", it.media.taken.Unix()+1<<40, it.seq)
}

// list returns the items of all accounts, oldest addition first.
func (l *library) list(now time.Time) []Item {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*item, 0, len(l.byID))
	for _, it := range l.byID {
		all = append(all, it)
	}
	slices.SortFunc(all, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	titles := l.titles()
	items := make([]Item, 0, len(all))
	for _, it := range all {
		items = append(items, l.describeWith(it, titles[it], now))
	}
	return items
}

// titles maps items to the titles of their albums.
func (l *library) titles() map[*item][]string {
	titles := map[*item][]string{}
	for _, a := range l.accounts {
		for _, al := range a.albums {
			for _, it := range al.items {
				titles[it] = append(titles[it], al.title)
			}
		}
	}
	return titles
}

func (l *library) describe(it *item, now time.Time) Item {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.describeWith(it, l.titles()[it], now)
}

func (l *library) describeWith(it *item, albums []string, now time.Time) Item {
	return Item{
		ID: it.id, User: it.user, Filename: it.filename, Description: it.description,
		SHA256: hex.EncodeToString(it.sum[:]), Size: it.size, MIME: it.media.mime,
		Created: it.media.taken, Added: it.added, Width: it.media.width, Height: it.media.height,
		Status: l.status(it, now), Albums: albums, Tokens: it.tokens,
	}
}
