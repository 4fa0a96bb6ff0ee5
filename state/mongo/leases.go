package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state/lease"
)

// leaseTime bounds each attempt to read or to change a lease.
const leaseTime = 5 * time.Second

// table keeps leases, one document for each session that is held. Times are the
// server's.
type table struct{ b *store }

// now returns the server's time.
func (t table) now(ctx context.Context) (time.Time, error) {
	var hello struct {
		LocalTime time.Time `bson:"localTime"`
	}
	err := t.b.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello)
	if err == nil && hello.LocalTime.IsZero() {
		err = errors.New("the server does not tell its time")
	}
	return hello.LocalTime.UTC(), err
}

// briefly bounds each attempt to read or change a lease.
func briefly(do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, leaseTime)
		defer cancel()
		return do(ctx)
	}
}

// Leases returns the lease of a session, or those of all sessions.
func (t table) Leases(ctx context.Context, session string) (all []lease.Holder, now time.Time, err error) {
	filter := bson.D{}
	if session != "" {
		filter = pairs(fieldID, session)
	}
	err = t.b.ask(ctx, "read the leases", briefly(func(ctx context.Context) error {
		err := find(ctx, t.b.leases(), filter, &all)
		if err == nil && len(all) > 0 {
			now, err = t.now(ctx)
		}
		return err
	}))
	return all, now, err
}

// Swap puts a lease of h in the place of that of held. Repeated after an answer that
// was lost, it finds its own taking by the token.
func (t table) Swap(ctx context.Context, held, h lease.Holder, ttl time.Duration) (done bool, err error) {
	err = t.b.call(ctx, t.b.session(held.Session).op("change the lease of"), briefly(func(ctx context.Context) error {
		if done, err = t.swap(ctx, held, h, ttl); done || err != nil {
			return err
		}
		done, err = exists(ctx, t.b.leases(), pairs(fieldID, held.Session, "token", h.Token))
		return err
	}))
	return done, err
}

// swap reports whether this attempt has made the change.
func (t table) swap(ctx context.Context, held, h lease.Holder, ttl time.Duration) (bool, error) {
	as := pairs(fieldID, held.Session, "token", held.Token, "until", held.Until)
	now, err := t.now(ctx)
	if err != nil {
		return false, err
	}
	if h.Until = now.Add(ttl); held.Token != "" {
		r, err := t.b.leases().ReplaceOne(ctx, as, h)
		return err == nil && r.MatchedCount == 1, err
	}
	_, err = t.b.leases().InsertOne(ctx, h)
	if mongo.IsDuplicateKeyError(err) {
		return false, nil // another process was faster
	}
	return err == nil, err
}

// Release removes the lease of h.
func (t table) Release(ctx context.Context, h lease.Holder) error {
	return t.b.changed(ctx, t.b.session(h.Session).op("unlock"), briefly(func(ctx context.Context) error {
		_, err := t.b.leases().DeleteOne(ctx, pairs(fieldID, h.Session, "token", h.Token))
		return err
	})(ctx))
}
