package mongo

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/internal/e2e/rig"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

// serverURI is that of the server under test, without a database.
var serverURI string

// ferretBinary serves MongoDB's protocol. It runs as a process of its own, which
// the race detector does not slow down.
var ferretBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if err := flag.Set("rapid.checks", "15"); err != nil { // the server is slow
		return 0, err
	}
	dir, err := os.MkdirTemp("", "ferret")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	ferretBinary = filepath.Join(dir, "ferret")
	if out, err := exec.Command("go", "build", "-o", ferretBinary, "./cmd/ferret").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build ferret: %w\n%s", err, out)
	}
	if serverURI = os.Getenv("GONDOLA_TEST_MONGODB_URI"); serverURI == "" {
		uri, stop, err := ferret()
		if err != nil {
			return 0, err
		}
		defer stop()
		serverURI = uri
	}
	before := goleak.IgnoreCurrent()
	code := rig.Main(m)
	return code, goleak.Find(before)
}

// ferret starts a server and returns its URI.
func ferret(args ...string) (uri string, stop func() error, err error) {
	cmd := exec.Command(ferretBinary, args...)
	cmd.Stderr = os.Stderr
	if _, err := os.Stat("/dev/shm"); err == nil {
		cmd.Env = append(os.Environ(), "TMPDIR=/dev/shm") // it syncs a lot
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("ferret says nothing: %w", err), stop())
	}
	go io.Copy(io.Discard, out)
	return strings.TrimSpace(line), stop, nil
}

var databases atomic.Int64

// database is an empty database of the server, gone after the test.
type database struct {
	*driver.Database
	name string
}

func newDatabase(t testing.TB) database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(serverURI))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("gondola_test_%d_%d", os.Getpid(), databases.Add(1))
	db := database{client.Database(name), name}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(db.Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Error(err)
		}
	})
	return db
}

// at returns the URI of the database on a server at host; "" is the server
// itself.
func (d database) at(host string) string {
	rest := strings.TrimPrefix(serverURI, "mongodb://")
	base, query, _ := strings.Cut(rest, "?")
	old, _, _ := strings.Cut(base, "/")
	user := ""
	if at := strings.LastIndexByte(old, '@'); at >= 0 {
		user, old = old[:at+1], old[at+1:]
	}
	if host == "" {
		host = old
	}
	uri := "mongodb://" + user + host + "/" + d.name + "?directConnection=true"
	if query != "" {
		uri += "&" + query
	}
	return uri
}

// open opens the database, and closes it after the test.
func open(t testing.TB, uri string, o mongo.Options) *mongo.Backend {
	t.Helper()
	b, err := mongo.Open(t.Context(), uri, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func collect[T any](t testing.TB, seq func(func(T, error) bool)) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// documents returns all of a collection without _id, in the order of a field.
func (d database) documents(t testing.TB, collection, order string) (docs []bson.D) {
	t.Helper()
	cursor, err := d.Collection(collection).Find(t.Context(), bson.D{},
		options.Find().SetSort(bson.D{{Key: order, Value: 1}}).SetProjection(bson.D{{Key: "_id", Value: 0}}))
	if err == nil {
		err = cursor.All(t.Context(), &docs)
	}
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

var _ state.Backend = (*mongo.Backend)(nil)
