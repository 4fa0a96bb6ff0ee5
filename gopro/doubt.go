package gopro

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// doubts are the media whose manifests could not be had while they were listed,
// so that what is known of their files is what their rows promise. It is safe
// for concurrent use.
type doubts struct {
	mu sync.Mutex
	by map[string]doubt // by id of the medium
}

type doubt struct {
	row Row
	// err is of asking once more, and is the answer until then.
	err   error
	until time.Time
}

// doubtLasts is how long a medium that failed again is not asked for.
const doubtLasts = time.Minute

// answer returns what is known without asking, or nil.
func (d doubt) answer() error {
	if time.Now().Before(d.until) {
		return d.err
	}
	return nil
}

func (d *doubts) add(row Row) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.by == nil {
		d.by = make(map[string]doubt)
	}
	d.by[row.ID] = doubt{row: row}
}

func (d *doubts) of(medium string) (doubt, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.by[medium]
	return found, ok
}

func (d *doubts) settle(medium string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.by, medium)
}

// fail remembers why a medium failed again, so that its other files, and later
// attempts within a while, need not ask.
func (d *doubts) fail(medium string, err error) {
	if fault.ClassOf(err) == fault.Session {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[medium] = doubt{row: d.by[medium].row, err: err, until: time.Now().Add(doubtLasts)}
}

// errOthers is why a medium is not carried by what its row promises.
var errOthers = errors.New("its files are others than its record promised when it was listed")

// checkDoubt refuses a manifest that lists other files than those the row
// promised: some would be taken for all. The next listing shows which they are.
func (s *Source) checkDoubt(d doubt, m Manifest) error {
	var promised, listed []media.ID
	for _, a := range expected(d.row) {
		promised = append(promised, itemID(d.row.ID, a.Entry))
	}
	for _, a := range Assets(d.row, m, s.height) {
		listed = append(listed, itemID(d.row.ID, a.Entry))
	}
	if slices.Equal(promised, listed) {
		return nil
	}
	return &fault.Error{
		Class: fault.Item, Code: fault.Changed, Op: fmt.Sprintf("resolve GoPro medium %s", d.row.ID),
		Err: errOthers, Hint: "run the same command again: it lists the medium as it is",
	}
}
