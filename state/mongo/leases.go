package mongo

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// leaseTime bounds each attempt to read or to change a lease.
const leaseTime = 5 * time.Second

// table keeps leases, one document for each session that is held. Times are the
// server's.
type table struct{ b *store }

// leased is a stored lease.
type leased struct {
	Session      string `bson:"_id"`
	lease.Holder `bson:",inline"`
}

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

// ask reads or changes the lease of a session.
func (t table) ask(ctx context.Context, op string, do func(context.Context) error) error {
	return t.b.call(ctx, op, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, leaseTime)
		defer cancel()
		return do(ctx)
	})
}

// Leases returns the lease of a session, or those of all sessions.
func (t table) Leases(ctx context.Context, session string) (all []lease.Lease, err error) {
	filter := bson.D{}
	if session != "" {
		filter = pairs(fieldID, session)
	}
	err = t.ask(ctx, "read the leases", func(ctx context.Context) error {
		var docs []leased
		if err := find(ctx, t.b.leases(), filter, &docs); err != nil || len(docs) == 0 {
			return err
		}
		now, err := t.now(ctx)
		all = make([]lease.Lease, len(docs))
		for n, d := range docs {
			d.Since, d.Until = d.Since.UTC(), d.Until.UTC()
			all[n] = lease.Lease{Session: d.Session, Holder: d.Holder, Now: now}
		}
		return err
	})
	return all, err
}

// Swap puts a lease of h in the place of the one of held. Repeated after an answer
// that was lost, it returns false.
func (t table) Swap(ctx context.Context, session string, held, h lease.Holder, ttl time.Duration) (done bool, err error) {
	as := pairs(fieldID, session, "token", held.Token, "until", held.Until)
	err = t.ask(ctx, t.b.session(session).op("change the lease of"), func(ctx context.Context) error {
		if h.Token == "" {
			r, err := t.b.leases().DeleteOne(ctx, as)
			done = err == nil && r.DeletedCount == 1
			return err
		}
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		h.Until = now.Add(ttl)
		if held.Token == "" {
			_, err := t.b.leases().InsertOne(ctx, leased{session, h})
			if done = err == nil; mongo.IsDuplicateKeyError(err) {
				return nil // another process was faster
			}
			return err
		}
		r, err := t.b.leases().ReplaceOne(ctx, as, leased{session, h})
		done = err == nil && r.MatchedCount == 1
		return err
	})
	return done, err
}

// Lock takes the session for this process until it is unlocked; see
// [lease.Keeper].
func (b *store) Lock(ctx context.Context, id string) (state.Unlocker, error) {
	return b.keeper.Lock(ctx, id)
}

// Holders iterates who holds which session; see [lease.Keeper.Holders].
func (b *store) Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool] {
	return b.keeper.Holders(ctx)
}
