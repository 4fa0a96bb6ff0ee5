package mongo

import (
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		db := newDatabase(t)
		h := &harness{db: db, proxies: map[state.Backend]*proxy{}}
		return statetest.Harness{
			Open:   h.open,
			Break:  func(b state.Backend, n int) { h.proxy(b).refuseFrom(n) },
			Expire: h.expire,
			Misset: h.misset,
			Left:   h.left,
			Cost:   h.total,
			Most:   110, // more than the backend reads at a time
		}
	})
}

// harness gives each backend a line of its own to one database.
type harness struct {
	db database

	mu      sync.Mutex
	proxies map[state.Backend]*proxy
}

// left counts what is stored of all sessions.
func (h *harness) left(t *testing.T) (sum int) {
	t.Helper()
	for _, name := range []string{"items", "batches"} {
		n, err := h.db.Collection(name).CountDocuments(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		sum += int(n)
	}
	return sum
}

func (h *harness) open(t *testing.T) state.Backend {
	t.Helper()
	p := newProxy(t)
	b := open(t, h.db.at(p.host()), mongo.Options{Lease: time.Hour})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.proxies[b] = p
	return b
}

func (h *harness) expire(t *testing.T) {
	t.Helper()
	h.endLeases(t, time.Now().Add(-time.Second))
}

// misset lets all leases end in a time to come, as a wrong clock would.
func (h *harness) misset(t *testing.T) {
	t.Helper()
	h.endLeases(t, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
}

func (h *harness) endLeases(t *testing.T, at time.Time) {
	t.Helper()
	change := bson.D{{Key: "$set", Value: bson.D{{Key: "until", Value: at}}}}
	if _, err := h.db.Collection("gondola_leases").UpdateMany(t.Context(), bson.D{}, change); err != nil {
		t.Fatal(err)
	}
}

func (h *harness) proxy(b state.Backend) *proxy {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proxies[b]
}

func (h *harness) total() (sum statetest.Cost) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.proxies {
		c := p.spent()
		sum.Writes += c.Writes
		sum.Bytes += c.Bytes
	}
	return sum
}
