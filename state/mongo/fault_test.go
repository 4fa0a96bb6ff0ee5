package mongo

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/description"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

func TestDatabaseOf(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://localhost:27017/q2google":          "q2google",
		"mongodb://localhost":                         "q2google",
		"mongodb://localhost/":                        "q2google",
		"mongodb://localhost/?w=1":                    "q2google",
		"mongodb://localhost//photos":                 "photos",
		"mongodb://u:p%2Fw@h1,h2:27018/photos?tls=on": "photos",
		"mongodb+srv://cluster.example/pho%41?x=/y":   "pho%41",
		"mongodb://h/photos#part":                     "photos",
	} {
		if got := databaseOf(uri); got != want {
			t.Errorf("databaseOf(%s) = %q, want %q", uri, got, want)
		}
	}
}

func TestMalformedURI(t *testing.T) {
	for _, uri := range []string{
		"mongodb://", "mongodb://me:sesame%zz@h/x", "mongodb://h/x?w=%zz", "mongodb://me:sesame@h:99999/x", "mongodb://me:sesame@h/x?authMechanism=none",
		"mongodb://me:se/same@h/x", "mongodb://me:sesame@h/a/b", "mongodb://me:sesame@h/" + strings.Repeat("x", 64), "mongodb://h/x?tls=maybe&secret=sesame",
		"mongodb://me:sesame@h/a.b", "mongodb:",
	} {
		b, err := Open(t.Context(), uri, Options{})
		if err == nil {
			b.Close()
			t.Errorf("Open(%s) succeeded", uri)
			continue
		}
		if !errors.Is(err, state.ErrURI) || fault.CodeOf(err) != fault.State || fault.HintOf(err) == "" {
			t.Errorf("Open(%s) = %v", uri, err)
		}
		if strings.Contains(err.Error(), "same") {
			t.Errorf("Open(%s) tells the password: %v", uri, err)
		}
	}
}

func TestOwnCredentials(t *testing.T) {
	const timeouts = "serverSelectionTimeoutMS=300&connectTimeoutMS=300"
	for options, refused := range map[string]bool{
		"authMechanism=MONGODB-AWS": true,
		"authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s": true,
		"authMechanism=SCRAM-SHA-256":                                        false,
		"":                                                                   false,
	} {
		user := ""
		if !refused {
			user = "me:sesame@"
		}
		uri := "mongodb://" + user + "127.0.0.1:1/x?" + timeouts + "&" + options
		_, err := Open(t.Context(), uri, Options{OwnCredentials: true})
		if err == nil || errors.Is(err, state.ErrURI) != refused {
			t.Errorf("%s: %v, want a refusal: %v", uri, err, refused)
		}
		if _, err := Open(t.Context(), uri, Options{}); err == nil || errors.Is(err, state.ErrURI) {
			t.Errorf("%s, trusted: %v", uri, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	start := time.Now()
	_, err := Opener(Options{})(t.Context(), "mongodb://me:sesame@127.0.0.1:1/x?serverSelectionTimeoutMS=300")
	if err == nil || !strings.Contains(err.Error(), "unreachable") || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "sesame") {
		t.Errorf("Open = %v", err)
	}
	if fault.ClassOf(err) != fault.Session || fault.HintOf(err) == "" {
		t.Errorf("class %s, hint %q", fault.ClassOf(err), fault.HintOf(err))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNoSuchRecord(t *testing.T) {
	_, err := Open(t.Context(), "mongodb+srv://me:sesame@cluster.invalid/x", Options{})
	if err == nil || errors.Is(err, state.ErrURI) || fault.HintOf(err) == "" || strings.Contains(err.Error(), "sesame") {
		t.Errorf("Open = %v", err)
	}
}

func TestWarnsOfPlainText(t *testing.T) {
	for uri, want := range map[string]bool{
		"mongodb://db.example/x": true, "mongodb://localhost/x": false, "mongodb://127.0.0.1:5/x": false, "mongodb://[::1]:5/x": false,
		"mongodb://db.example/x?tls=true": false, "mongodb://10.0.0.1/x": true,
	} {
		var log bytes.Buffer
		b := &store{o: Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
		if err := b.connect(uri); err != nil {
			t.Fatal(err)
		}
		if err := b.client.Disconnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "unencrypted"); got != want {
			t.Errorf("%s: warned %v", uri, got)
		}
	}
}

// serverError is what a server answers.
type serverError struct {
	mongo.ServerError
	code   int
	labels string
}

func (e serverError) Error() string               { return fmt.Sprint("server error ", e.code) }
func (e serverError) HasErrorCode(code int) bool  { return e.code == code }
func (e serverError) HasErrorLabel(l string) bool { return e.labels == l }

func TestPasses(t *testing.T) {
	untrusted := topology.ServerSelectionError{Wrapped: context.DeadlineExceeded}
	untrusted.Desc.Servers = []description.Server{{LastError: fmt.Errorf("handshake: %w", x509.UnknownAuthorityError{})}}
	selection := topology.ServerSelectionError{Wrapped: context.DeadlineExceeded}
	for _, tc := range []struct {
		err  error
		want bool
		hint string
	}{
		{serverError{code: 10107}, true, "again"},
		{serverError{code: 91}, true, "again"},
		{serverError{code: 8, labels: "RetryableWriteError"}, true, "again"},
		{serverError{code: 8, labels: "NetworkError"}, true, "again"},
		{fmt.Errorf("wrapped: %w", serverError{code: 189}), true, "again"},
		{context.DeadlineExceeded, true, "again"},
		{selection, true, "again"},
		{topology.ConnectionError{Wrapped: errors.New("reset")}, true, "again"},
		{serverError{code: 2}, false, ""},
		{serverError{code: 11000}, false, ""},
		{serverError{code: codeUnauthorized}, false, "readWrite"},
		{serverError{code: codeNamespace}, false, "another name"},
		{serverError{code: codeAuth}, false, "password"},
		{serverError{code: codeIndexOptions}, false, "index"},
		{fmt.Errorf("connection: %w", &auth.Error{}), false, "password"},
		{x509.UnknownAuthorityError{}, false, "tlsCAFile"},
		{untrusted, false, "tlsCAFile"},
		{errors.New("marshal"), false, ""},
		{state.ErrNotFound, false, ""},
		{lease.Lost("s"), false, "other"},
		{&state.LockedError{}, false, ""},
		{mongo.ErrClientDisconnected, false, ""},
	} {
		b := &store{where: "MongoDB at h", o: Options{Logger: slog.New(slog.DiscardHandler), Patience: time.Millisecond}}
		if got := passes(tc.err); got != tc.want {
			t.Errorf("passes(%v) = %v", tc.err, got)
		}
		if err := b.fault("op", tc.err); !strings.Contains(fault.HintOf(err), tc.hint) {
			t.Errorf("hint for %v: %q, want one about %q", tc.err, fault.HintOf(err), tc.hint)
		}
	}
}

// TestSavedIsSaid says what is saved of a change that was waited for, not of what
// changes nothing: a read, or a store that could not be opened.
func TestSavedIsSaid(t *testing.T) {
	b := &store{where: "MongoDB at h", o: Options{Logger: slog.New(slog.DiscardHandler), Patience: time.Millisecond}}
	const saved = "; everything confirmed so far is saved"
	if err := b.fault("open state", context.DeadlineExceeded); !strings.Contains(err.Error(), "unreachable") || strings.Contains(err.Error(), saved) {
		t.Errorf("opening: %v", err)
	}
	away := func(context.Context) error { return context.DeadlineExceeded }
	if err := b.call(t.Context(), "store items", away); !strings.Contains(err.Error(), saved) {
		t.Errorf("a change: %v", err)
	}
	if err := b.ask(t.Context(), "list sessions", away); !strings.Contains(err.Error(), "unreachable") || strings.Contains(err.Error(), saved) {
		t.Errorf("a read: %v", err)
	}
}
