package gondola

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// run is one invocation of Sync on one session.
type run struct {
	opt      Options // filled
	asked    Options // as the caller gave them
	id       string
	log      *slog.Logger
	metrics  *Metrics
	began    time.Time
	lasting  context.Context // for what must be stored although the run is being stopped
	from, to string          // stations
	account  string
	window   media.Window // the session's
	// adopting says that the session is q2google's: its items have names only,
	// until a listing has linked them to their identities.
	adopting bool
	found    int           // items in the session; discovery alone touches it
	listed   chan struct{} // closed when discovery has ended
	news     chan struct{} // one slot: discovery has stored something

	mu       sync.Mutex // guards session and warnings
	session  *state.Session
	warnings []string

	hooking sync.Mutex            // one hook at a time
	events  sync.Mutex            // one event at a time
	begun   map[state.Stage]error // guarded by hooking: how the start of a stage went
	// interrupted reports whether the caller asked to stop.
	interrupted func() bool

	repeats   *repeats
	remarks   atomic.Int64 // items carried of which there is a remark
	unstored  atomic.Int64 // listed items that no store keeps
	lostAlbum string       // id of the album that could not be written to; the create stage alone touches it

	onTheWay itemSet               // carried by this run, not yet taken by the create stage
	created  []station.BatchResult // of this run, for the hook; the create stage alone touches it
	// unanswered are the names of items in create calls of earlier runs whose
	// answer is not known; the create stage alone touches it.
	unanswered map[string]bool
}

func newRun(ctx, lasting context.Context, o Options) (*run, error) {
	id, err := o.sessionID(ctx)
	if err != nil {
		return nil, err
	}
	o.Album = title(o.Album)
	r := &run{
		opt: o, asked: o,
		from: o.Source.Name(), to: o.Destination.Name(),
		id:          id,
		log:         cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		repeats:     newRepeats(),
		metrics:     cmp.Or(o.Metrics, new(Metrics)),
		began:       time.Now().UTC(),
		lasting:     lasting,
		listed:      make(chan struct{}),
		news:        make(chan struct{}, 1),
		interrupted: func() bool { return ctx.Err() != nil },
		begun:       map[state.Stage]error{},
	}
	if most := o.Destination.Limits().Batch; o.BatchSize <= 0 || o.BatchSize > most {
		r.opt.BatchSize = most
	}
	return r, nil
}

var stageOrder = []state.Stage{state.Discovery, state.Transfer, state.Create}

// begin starts a stage and those before it, each once. A stage whose start
// failed stays failed.
func (r *run) begin(ctx context.Context, stage state.Stage) error {
	r.hooking.Lock()
	defer r.hooking.Unlock()
	for _, s := range stageOrder {
		if _, begun := r.begun[s]; !begun {
			r.begun[s] = r.startStage(ctx, s)
		}
		if r.begun[s] != nil || s == stage {
			return r.begun[s]
		}
	}
	return nil
}

func (r *run) startStage(ctx context.Context, stage state.Stage) error {
	if err := r.setStage(stage, state.Running, nil); err != nil {
		return err
	}
	if start := r.opt.Hooks.StageStart; start != nil {
		if err := start(ctx, stage); err != nil {
			return fmt.Errorf("start hook of %s: %w", stage, err)
		}
	}
	return nil
}

// end records how a stage ended and tells the hook. It returns err, or what
// the hook makes of it; of a stage that was stopped, err is why. A stage that an
// interruption cut short stays running, one that never began stays as it was.
func (r *run) end(ctx context.Context, stage state.Stage, err error) error {
	r.hooking.Lock()
	defer r.hooking.Unlock()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if _, begun := r.begun[stage]; !begun {
		return err
	}
	switch {
	case err == nil:
		err = r.setStage(stage, state.Completed, nil)
	case !r.interrupted():
		err = errors.Join(err, r.setStage(stage, state.Failed, err))
	}
	complete := r.opt.Hooks.StageComplete
	if complete == nil {
		return err
	}
	var created []station.BatchResult
	if stage == state.Create {
		created = r.created
	}
	r.mu.Lock()
	s := *r.session
	r.mu.Unlock()
	if hookErr := complete(context.WithoutCancel(ctx), stage, &s, created, err); hookErr != nil {
		return fmt.Errorf("completion hook of %s: %w", stage, hookErr)
	}
	return err
}

func (r *run) setStage(stage state.Stage, status state.Status, cause error) error {
	r.mu.Lock()
	r.session.Stages[stage] = status
	r.mu.Unlock()
	err := r.saveSession()
	r.emit(StageEvent{Stage: stage, Status: status, Time: time.Now().UTC(), Err: cause})
	return err
}

// saveTime is how long a store that does not answer may hold up a run that was
// asked to stop.
const saveTime = 8 * time.Second

// outlast returns a context that ends saveTime after ctx does: what was achieved
// is stored even while the run is being stopped.
func outlast(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(saveTime):
			cancel()
		case <-lasting.Done():
		}
	})
	return lasting, func() { stop(); cancel() }
}

func (r *run) saveSession() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opt.Backend.PutSession(r.lasting, r.session)
}

func (r *run) saveItem(items ...*state.Item) error {
	if len(items) == 0 {
		return nil
	}
	return r.opt.Backend.PutItems(r.lasting, r.id, items...)
}

func (r *run) emit(e Event) {
	if r.opt.Hooks.Event == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	r.opt.Hooks.Event(e)
}

func (r *run) notice(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.log.Info(text)
	r.emit(NoticeEvent{Text: text})
}

func (r *run) waiting(w fault.Wait) { r.emit(WaitEvent{w}) }

// failItem records a failure at a stage of an item. Attempts count within the
// run.
func (r *run) failItem(it *state.Item, stage state.Stage, err error) {
	if it.Errors == nil {
		it.Errors = map[state.Stage]state.ErrorRecord{}
	}
	attempt := 1
	if last, ok := it.Errors[stage]; ok && !last.At.Before(r.began) {
		attempt = last.Attempt + 1
	}
	record := errorRecord(err)
	record.Attempt = attempt
	it.Errors[stage] = record
}

func errorRecord(err error) state.ErrorRecord {
	return state.ErrorRecord{
		Type:    cmp.Or(fault.CodeOf(err), "error"),
		Class:   fault.ClassOf(err),
		Message: scrub(err.Error()),
		Attempt: 1,
		At:      time.Now().UTC(),
	}
}

var urlQuery = regexp.MustCompile(`(https?://[^\s?"']+)\?[^\s"']*`)

// scrub takes the query off every URL in a message: signatures live there.
// Stations keep secrets out of their errors; this is the second lock.
func scrub(message string) string {
	return urlQuery.ReplaceAllString(message, "$1?…")
}

// stationWord makes a station's name fit into a session id.
func stationWord(stationURI string) string {
	if word, ok := strings.CutSuffix(stationURI, ":"); ok {
		return word
	}
	sum := sha256.Sum256([]byte(stationURI))
	return "folder" + hex.EncodeToString(sum[:4])
}

// itemSet is a set of a session's items. The zero value is empty.
type itemSet struct {
	mu   sync.Mutex // guards seqs
	seqs map[int64]bool
}

func (s *itemSet) add(it *state.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seqs == nil {
		s.seqs = map[int64]bool{}
	}
	s.seqs[it.Seq] = true
}

func (s *itemSet) remove(it *state.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seqs, it.Seq)
}

func (s *itemSet) has(it *state.Item) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seqs[it.Seq]
}
