package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
	"github.com/gondola-sync/gondola/state/q2google"
)

// The schemes of the URIs that [Opener] takes.
const (
	Scheme    = "mongodb"     // mongodb://HOST/DATABASE
	SchemeSRV = "mongodb+srv" // the hosts stand in DNS
)

// DefaultDatabase is where sessions are kept if the URI names no database.
const DefaultDatabase = "q2google"

// Options adjust a backend. The zero Options are ready for use.
type Options struct {
	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // nil is time.Now; for UpdatedAt only
	// Existing refuses a database that holds no sessions yet; the error wraps
	// state.ErrNotFound.
	Existing bool
	// OwnCredentials refuses a URI whose mechanism sends what the environment
	// holds: tokens of the machine or its AWS keys. It is for a URI from a place
	// that is trusted less than that. The error wraps state.ErrURI.
	OwnCredentials bool
	// Patience is how long a server that does not answer is waited for; 0 is
	// two minutes. After that, calls try once until it answers.
	Patience time.Duration
	// OnWait, if not nil, is called before every such wait of more than a second.
	OnWait func(fault.Wait)
	// Lease is how long a session stays locked if its holder cannot reach the
	// server; 0 is [lease.DefaultTTL]. All processes of a database need the same.
	Lease time.Duration
}

// Backend keeps sessions in a database. Make one with [Open].
type Backend struct {
	*state.Store
	db *store
}

var _ state.Backend = (*Backend)(nil)

// store is the driver.
type store struct {
	*lease.Keeper // by the server's clock
	client        *mongo.Client
	db            *mongo.Database
	where         string   // hosts and database, for messages
	secrets       []string // of the URI
	o             Options
	server        retry.Server

	appended atomic.Int64 // entries of journals so far
	number   atomic.Int64 // of the last one

	prepared atomic.Bool // indexes and version are there
	settled  sync.Map    // session → token of the lease under which it is as this version writes it
	views    sync.Map    // session that is not → *q2google.Session, as it was read last
}

const (
	answerTime   = 30 * time.Second // for one command
	openTime     = 5 * time.Second  // for the first answer, and to find a server
	goodbyeTime  = 5 * time.Second
	defaultWait  = 2 * time.Minute
	firstWait    = 250 * time.Millisecond
	longestWait  = 10 * time.Second
	knownVersion = 2 // of the schema
)

// Open opens the database that a URI of MongoDB names by its path, as it is
// written there, or [DefaultDatabase]. Nothing is created before the first
// change. It returns a [fault.Error] of class Session, without the URI's
// credentials, if the URI makes no sense (it wraps state.ErrURI then), no
// server answers within some seconds, or it refuses the user.
//
// Documents are stored as BSON that says the same as the JSON of package state:
// a whole number as int32 or int64, another one as a double or, with more
// digits than that holds, a decimal; objects in canonical extended JSON as the
// values they stand for. In keys ".", a leading "$", NUL, and a "%" that looks
// like an escape are written as %2E, %24, %00 and %25.
func Open(ctx context.Context, uri string, o Options) (*Backend, error) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Patience = cmp.Or(o.Patience, defaultWait)
	b := &store{o: o, secrets: state.Credentials(uri)}
	if err := b.connect(uri); err != nil {
		return nil, err
	}
	b.Keeper = lease.NewKeeper(table{b}, o.Lease)
	if err := b.greet(ctx); err != nil {
		_ = b.Close() // nothing is held
		return nil, err
	}
	return &Backend{Store: state.NewStore(b, state.StoreOptions{Now: o.Now, Codec: q2google.Codec{}}), db: b}, nil
}

// Describe returns which server and database this is. It asks the server.
func (b *Backend) Describe(ctx context.Context) (text string, err error) {
	err = b.db.ask(ctx, "describe the state", func(ctx context.Context) error {
		var info struct{ Version string }
		if err := b.db.db.RunCommand(ctx, pairs("buildInfo", 1)).Decode(&info); err != nil {
			return err
		}
		version, err := b.db.version(ctx)
		text = fmt.Sprintf("MongoDB %s at %s, schema version %d", info.Version, strings.TrimPrefix(b.db.where, "MongoDB at "), cmp.Or(version, knownVersion))
		return err
	})
	return text, err
}

// Opener returns what opens URIs of both schemes.
func Opener(o Options) state.Opener {
	return func(ctx context.Context, uri string) (state.Backend, error) {
		b, err := Open(ctx, uri, o)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
}

// connect makes a client, which connects when it is used.
func (b *store) connect(uri string) error {
	client, name, err := configure(uri, b.o.OwnCredentials)
	if err != nil {
		return err
	}
	b.where = fmt.Sprintf("MongoDB at %s, database %s", strings.Join(client.Hosts, ","), name)
	if client.TLSConfig == nil && slices.ContainsFunc(client.Hosts, isRemote) {
		b.o.Logger.Warn("upload tokens and signed URLs travel unencrypted to the state's server; tls=true in its URI protects them", "hosts", client.Hosts)
	}
	if b.client, err = mongo.Connect(client); err != nil {
		return b.fault("open "+state.Redact(uri), err)
	}
	durable := true
	b.db = b.client.Database(name, options.Database().
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Local()). // of the primary: what was written is read
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &durable}))
	return nil
}

// greet makes sure that the server answers and that its sessions are of a
// version that is known.
func (b *store) greet(ctx context.Context) error {
	const op = "open state"
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	version, err := b.version(ctx)
	switch {
	case err != nil:
		return b.fault(op, err)
	case version > knownVersion:
		newer := fmt.Errorf("it was written by a newer Gondola (schema version %d, this one knows %d)", version, knownVersion)
		return broken(op+" in "+b.where, newer, "update gondola on this machine")
	case version > 0 || !b.o.Existing:
		return nil
	}
	names, err := b.db.ListCollectionNames(ctx, pairs("name", sessionsName))
	if err != nil {
		return b.fault(op, err)
	}
	if len(names) == 0 {
		return broken(op+" in "+b.where, fmt.Errorf("no sessions: %w", state.ErrNotFound), "")
	}
	return nil
}

// Close gives back the leases that are held and ends all connections.
func (b *store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	if err := errors.Join(b.Keeper.Close(ctx), b.client.Disconnect(ctx)); err != nil {
		return b.fault("close state", err)
	}
	return nil
}
