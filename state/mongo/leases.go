package mongo

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// leaseTime bounds each question about a lease, which is asked again anyway.
const leaseTime = 5 * time.Second

// table keeps leases, one document for each session that is held. Times are the
// server's; every change names the holder and the time it replaces.
type table struct {
	b *store

	mu     sync.Mutex
	unsure map[string]bool // tokens of takings that ended without an answer
}

const (
	fieldToken = "token"
	fieldUntil = "until"
)

// leased is a stored lease.
type leased struct {
	Session      string `bson:"_id"`
	lease.Holder `bson:",inline"`
}

// now returns the server's time.
func (t *table) now(ctx context.Context) (time.Time, error) {
	var hello struct {
		LocalTime time.Time `bson:"localTime"`
	}
	err := t.b.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	if err == nil && hello.LocalTime.IsZero() {
		err = errors.New("the server does not tell its time")
	}
	return hello.LocalTime.UTC(), err
}

// Take makes h the holder of a session if it is free, or held by the holder
// whose token is instead.
func (t *table) Take(ctx context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (lease.Holder, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	now, err := t.take(ctx, session, h, ttl, instead)
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.unsure[h.Token] = true
	}
	return now, err
}

func (t *table) take(ctx context.Context, session string, h lease.Holder, ttl time.Duration, instead string) (lease.Holder, error) {
	for {
		now, err := t.now(ctx)
		if err != nil {
			return lease.Holder{}, err
		}
		h.Until = now.Add(ttl)
		held, err := t.takeFree(ctx, session, h)
		if err != nil || held.Token == h.Token {
			return held, err
		}
		as := pairs(fieldID, session, fieldToken, held.Token, fieldUntil, held.Until)
		if latest := lease.Latest(now, ttl); held.Until.After(latest) { // set by a clock that was wrong
			if _, err := t.b.leases().UpdateOne(ctx, as, pairs("$set", pairs(fieldUntil, latest))); err != nil {
				return lease.Holder{}, err
			}
			continue // it may have been renewed or given back meanwhile
		}
		if now.Before(held.Until) && held.Token != instead && !t.isUnsure(held.Token) {
			return held, nil
		}
		r, err := t.b.leases().ReplaceOne(ctx, as, leased{session, h})
		if err != nil || r.MatchedCount == 1 {
			return h, err
		}
	}
}

func (t *table) isUnsure(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsure[token]
}

// takeFree makes h the holder of a session that is not held, and returns who holds
// it now.
func (t *table) takeFree(ctx context.Context, session string, h lease.Holder) (lease.Holder, error) {
	for {
		var held leased
		err := t.b.leases().FindOne(ctx, pairs(fieldID, session)).Decode(&held)
		if err == nil {
			held.Since, held.Until = held.Since.UTC(), held.Until.UTC()
			return held.Holder, nil
		}
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return lease.Holder{}, err
		}
		if _, err = t.b.leases().InsertOne(ctx, leased{session, h}); !mongo.IsDuplicateKeyError(err) {
			return h, err // otherwise another one was faster
		}
	}
}

// Renew extends the lease of the holder with this token.
func (t *table) Renew(ctx context.Context, session, token string, ttl time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	now, err := t.now(ctx)
	if err != nil {
		return false, err
	}
	r, err := t.b.leases().UpdateOne(ctx, pairs(fieldID, session, fieldToken, token), pairs("$set", pairs(fieldUntil, now.Add(ttl))))
	return err == nil && r.MatchedCount == 1, err
}

// Release ends the lease of the holder with this token.
func (t *table) Release(ctx context.Context, session, token string) error {
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	if _, err := t.b.leases().DeleteOne(ctx, pairs(fieldID, session, fieldToken, token)); err != nil {
		return t.b.fault(t.b.session(session).op("unlock"), err)
	}
	return nil
}

// Lock takes the session for this process until it is unlocked; see
// [lease.Keeper].
func (b *store) Lock(ctx context.Context, id string) (lock state.Unlocker, err error) {
	err = b.call(ctx, b.session(id).op("lock"), func(ctx context.Context) (err error) {
		lock, err = b.keeper.Lock(ctx, id)
		return err
	})
	return lock, err
}

// holders is [Backend.Holders].
func (b *store) holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return func(yield func(*state.LockedError, bool) bool) {
		var all []leased
		var now time.Time
		err := b.call(ctx, "list leases", func(ctx context.Context) error {
			err := find(ctx, b.leases(), bson.D{}, &all)
			if err == nil {
				now, err = (&table{b: b}).now(ctx)
			}
			return err
		})
		if err != nil {
			return
		}
		for _, l := range all {
			l.Since, l.Until = l.Since.UTC(), l.Until.UTC()
			if !yield(l.Locked(l.Session), l.Holds(now)) {
				return
			}
		}
	}
}
