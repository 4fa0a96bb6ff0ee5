package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/station"
)

func itoa(n int) string { return fmt.Sprint(n) }

// filled returns a database with a session "s" of n items that await transfer.
func filled(t testing.TB, n int) pgserver.Database {
	t.Helper()
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += 500 {
		var items []*state.Item
		for k := from; k < min(n, from+500); k++ {
			items = append(items, item(k))
		}
		if err := b.PutItems(t.Context(), "s", items...); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return db
}

func claimed(t *testing.T, b *postgres.Backend, n int, ttl time.Duration) *postgres.Claim {
	t.Helper()
	c, err := b.Claim(t.Context(), "s", state.Transfer, n, postgres.ClaimOptions{Worker: "w", TTL: ttl})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func seqs(items []*state.Item) (all []int64) {
	for _, it := range items {
		all = append(all, it.Seq)
	}
	return all
}

func wantSeqs(t *testing.T, what string, items []*state.Item, want ...int64) {
	t.Helper()
	if got := seqs(items); !slices.Equal(got, want) {
		t.Errorf("%s: items %v, want %v", what, got, want)
	}
}

func TestClaim(t *testing.T) {
	db := filled(t, 6)
	first, second := open(t, db.URI, postgres.Options{}), open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	a, b := claimed(t, first, 2, time.Minute), claimed(t, second, 3, time.Minute)
	wantSeqs(t, "the first claim", a.Items, 1, 2)
	wantSeqs(t, "the second claim", b.Items, 3, 4, 5)
	wantSeqs(t, "the rest", claimed(t, first, 10, time.Minute).Items, 6)
	wantSeqs(t, "nothing left", claimed(t, second, 10, time.Minute).Items)

	if err := a.Put(ctx, b.Items[0]); !errors.Is(err, postgres.ErrClaimLost) || fault.ClassOf(err) != fault.Item {
		t.Errorf("storing what another worker has: %v", err)
	}
	a.Items[0].Checkpoint = &station.Checkpoint{Confirmed: 7}
	if err := a.Put(ctx, a.Items[0]); err != nil { // still on its way
		t.Error(err)
	}
	wantSeqs(t, "after a checkpoint", claimed(t, second, 10, time.Minute).Items)
	a.Items[0].Transfer = state.Completed
	if err := a.Put(ctx, a.Items[0]); err != nil {
		t.Error(err)
	}
	create, err := second.Claim(ctx, "s", state.Create, 10, postgres.ClaimOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantSeqs(t, "free for the next stage", create.Items, 1)

	if err := a.Release(ctx); err != nil {
		t.Error(err)
	}
	wantSeqs(t, "released", claimed(t, second, 1, time.Minute).Items, 2)
	if err := b.Release(ctx, b.Items[1]); err != nil {
		t.Error(err)
	}
	wantSeqs(t, "one of three released", claimed(t, first, 10, time.Minute).Items, 4)
	if _, err := first.Claim(ctx, "other", state.Transfer, 1, postgres.ClaimOptions{}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a claim on no session: %v", err)
	}
	_, err = first.Claim(ctx, "s", state.Transfer, 1, postgres.ClaimOptions{Worker: "\x00"})
	if fault.ClassOf(err) != fault.Session {
		t.Errorf("a worker whose name cannot be stored: %v", err)
	}
}

// A claim that is renewed holds; one that is not runs out, and its worker hears
// of it before it stores anything.
func TestClaimRunsOut(t *testing.T) {
	db := filled(t, 3)
	first, second := open(t, db.URI, postgres.Options{}), open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	const ttl = time.Hour
	pass := func(d time.Duration) {
		t.Helper()
		pgserver.Exec(t, db.URI, fmt.Sprintf("UPDATE gondola.pending SET claimed_until = claimed_until - interval '%d seconds'", d/time.Second))
	}
	a := claimed(t, first, 2, ttl)
	for range 3 {
		pass(ttl * 3 / 4)
		if lost, err := a.Renew(ctx); err != nil || len(lost) > 0 {
			t.Fatalf("renewed: lost %v, %v", seqs(lost), err)
		}
	}
	pass(ttl * 3 / 4)
	wantSeqs(t, "while it is renewed", claimed(t, second, 2, ttl).Items, 3)
	pass(ttl)
	if lost, err := a.Renew(ctx); err != nil || len(lost) > 0 {
		t.Errorf("it had run out, but nobody had taken it: lost %v, %v", seqs(lost), err)
	}
	pass(ttl)
	wantSeqs(t, "run out", claimed(t, second, 1, ttl).Items, 1)
	a.Items[0].Transfer, a.Items[1].Transfer = state.Completed, state.Completed
	if err := a.Put(ctx, a.Items[1], a.Items[0]); !errors.Is(err, postgres.ErrClaimLost) {
		t.Errorf("storing what another worker has taken: %v", err)
	}
	lost, err := a.Renew(ctx)
	if err != nil {
		t.Error(err)
	}
	wantSeqs(t, "lost", lost, 1)
	if err := a.Put(ctx, a.Items[1]); err != nil {
		t.Errorf("storing the other one: %v", err)
	}
	if lost, err := a.Renew(ctx); err != nil || len(lost) > 0 {
		t.Errorf("nothing is held: lost %v, %v", seqs(lost), err)
	}
	if err := first.DeleteSession(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	if err := a.Put(ctx, a.Items[0]); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("storing into a session that is gone: %v", err)
	}
}

// Many workers, some of which die with what they hold, carry each item once:
// no two hold it at a time, and none is left.
func TestManyWorkers(t *testing.T) {
	const items, workers = 300, 8
	db := filled(t, items)
	var mu sync.Mutex
	carried := map[int64]int{}
	holders := map[int64]int{} // live claims by item
	died := 0
	var wg sync.WaitGroup
	for w := range workers {
		b := open(t, db.URI, postgres.Options{})
		random := rand.New(rand.NewPCG(1, uint64(w)))
		wg.Go(func() {
			for {
				ttl := time.Minute
				dies := random.IntN(12) == 0
				if dies {
					ttl = 50 * time.Millisecond
				}
				c, err := b.Claim(t.Context(), "s", state.Transfer, 1+random.IntN(5), postgres.ClaimOptions{Worker: itoa(w), TTL: ttl})
				if err != nil {
					t.Error(err)
					return
				}
				if len(c.Items) == 0 {
					counts, err := b.Counts(t.Context(), "s")
					if err != nil || counts.Outcomes[state.OutcomePending] == 0 || allCarried(t, b) {
						return
					}
					time.Sleep(20 * time.Millisecond)
					continue
				}
				if dies {
					mu.Lock()
					died++
					mu.Unlock()
					continue
				}
				mu.Lock()
				for _, it := range c.Items {
					if holders[it.Seq]++; holders[it.Seq] > 1 || carried[it.Seq] > 0 {
						t.Errorf("item %d was handed out while another worker had it", it.Seq)
					}
				}
				mu.Unlock()
				for _, it := range c.Items {
					it.Transfer = state.Completed
					mu.Lock()
					holders[it.Seq]--
					carried[it.Seq]++
					mu.Unlock()
					if err := c.Put(t.Context(), it); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if died == 0 {
		t.Error("no worker died")
	}
	for seq := int64(1); seq <= items; seq++ {
		if carried[seq] != 1 {
			t.Errorf("item %d was carried %d times", seq, carried[seq])
		}
	}
	if counts, err := open(t, db.URI, postgres.Options{}).Counts(t.Context(), "s"); err != nil || counts.Total != items {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

func allCarried(t *testing.T, b *postgres.Backend) bool {
	for _, err := range b.Items(t.Context(), "s", state.ItemQuery{Awaiting: state.Transfer, Limit: 1}) {
		return err != nil
	}
	return true
}

// A change that takes its time keeps nobody from claiming, nor from storing what
// he has claimed.
func TestWorkersDoNotWaitForEachOther(t *testing.T) {
	db := filled(t, 10)
	slow, quick := open(t, db.URI, postgres.Options{}), open(t, db.URI, postgres.Options{})
	held := claimed(t, slow, 2, time.Minute)
	holding, goOn := make(chan struct{}), make(chan struct{})
	slow.Watch(func(sql string, _ []any) error {
		if sql == "commit" {
			close(holding)
			<-goOn
		}
		return nil
	})
	done := make(chan error)
	go func() { done <- held.Put(t.Context(), held.Items...) }()
	<-holding
	began := time.Now()
	mine := claimed(t, quick, 3, time.Minute)
	wantSeqs(t, "claimed meanwhile", mine.Items, 3, 4, 5)
	mine.Items[0].Transfer = state.Completed
	if err := mine.Put(t.Context(), mine.Items...); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
