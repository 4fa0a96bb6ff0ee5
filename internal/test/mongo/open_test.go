package mongo

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

// refused opens what must not open, and returns the fault.
func refused(t *testing.T, uri string, o mongo.Options) error {
	t.Helper()
	began := time.Now()
	b, err := mongo.Open(t.Context(), uri, o)
	if err == nil {
		b.Close()
		t.Fatal("it opened")
	}
	if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.State {
		t.Errorf("%v is not a session-wide fault of the state", err)
	}
	if strings.Contains(err.Error()+fault.HintOf(err), "sesame") {
		t.Errorf("the password is told: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	return err
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	host := strings.TrimPrefix(serverURI, "mongodb://")
	err := refused(t, "mongodb://somebody:sesame@"+host[strings.LastIndexByte(host, '@')+1:], mongo.Options{})
	if !strings.Contains(err.Error(), "refuses the user") || !strings.Contains(fault.HintOf(err), "password") {
		t.Errorf("wrong password: %v; %s", err, fault.HintOf(err))
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	uri, stop, err := ferret("-tls")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	for range 5 { // a busy machine may not come to the certificate in time
		err = refused(t, uri+"&serverSelectionTimeoutMS=2000", mongo.Options{})
		if strings.Contains(fault.HintOf(err), "tlsCAFile") {
			break
		}
	}
	if !strings.Contains(err.Error(), "TLS") || !strings.Contains(fault.HintOf(err), "tlsCAFile") {
		t.Errorf("an unknown authority: %v; %s", err, fault.HintOf(err))
	}
	b := open(t, uri+"&tlsInsecure=true", mongo.Options{})
	start(t, b)
	if _, err := b.Session(t.Context(), "s"); err != nil {
		t.Error(err)
	}
	host := strings.TrimPrefix(serverURI, "mongodb://")
	if err := refused(t, "mongodb://"+host[strings.LastIndexByte(host, '@')+1:]+"?tls=true&serverSelectionTimeoutMS=1000", mongo.Options{}); fault.HintOf(err) == "" {
		t.Errorf("a server without TLS: %v", err)
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	b := open(t, db.at(""), mongo.Options{})
	start(t, b)
	if _, err := db.Collection("gondola_schema").UpdateOne(ctx, bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: 3}}}}); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, db.at(""), mongo.Options{}); !strings.Contains(err.Error(), "newer Gondola (schema version 3") || fault.HintOf(err) == "" {
		t.Errorf("a newer schema: %v", err)
	}
}

func TestExisting(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	if err := refused(t, db.at(""), mongo.Options{Existing: true}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("an empty database: %v", err)
	}
	b := open(t, db.at(""), mongo.Options{})
	for range b.Sessions(ctx) {
		t.Error("a session in an empty database")
	}
	if names, err := db.ListCollectionNames(ctx, bson.D{}); err != nil || len(names) != 0 {
		t.Errorf("opening made collections %v, %v", names, err)
	}
	start(t, b)
	text, err := open(t, db.at(""), mongo.Options{Existing: true}).Describe(ctx)
	if err != nil || !strings.HasPrefix(text, "MongoDB ") || !strings.HasSuffix(text, db.name+", schema version 2") {
		t.Errorf("Describe = %q, %v", text, err)
	}
}

func TestHolders(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	b := open(t, db.at(""), mongo.Options{})
	for e := range b.Holders(ctx) {
		t.Errorf("nobody holds anything, and yet %v", e)
	}
	if _, err := b.Lock(ctx, "mine"); err != nil {
		t.Fatal(err)
	}
	gone := bson.D{{Key: "_id", Value: "gone"}, {Key: "token", Value: "x"}, {Key: "host", Value: "far"}, {Key: "pid", Value: 7},
		{Key: "machine", Value: "m"}, {Key: "since", Value: time.Now()}, {Key: "until", Value: time.Now().Add(-time.Minute)}}
	if _, err := db.Collection("gondola_leases").InsertOne(ctx, gone); err != nil {
		t.Fatal(err)
	}
	held := map[string]bool{}
	for e, now := range b.Holders(ctx) {
		held[e.Session] = now
		if e.Session == "mine" && (e.PID != os.Getpid() || time.Until(e.Until) < 30*time.Second) {
			t.Errorf("held by %+v", e)
		}
	}
	want(t, "holders", map[string]bool{"mine": true, "gone": false}, held)
	lock, err := b.Lock(ctx, "gone")
	if err != nil {
		t.Errorf("a lease that has run out: %v", err)
	} else if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}
