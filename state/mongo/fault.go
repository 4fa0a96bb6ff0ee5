package mongo

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
)

// Codes of MongoDB's errors.
const (
	codeUnauthorized  = 13
	codeNamespace     = 73
	codeAuth          = 18
	codeIndexNotFound = 27
	codeIndexOptions  = 85
	codeIndexKeys     = 86
	codeAtlasAuth     = 8000
)

var (
	isRefused = hasCode(codeAuth, codeAtlasAuth)
	// isPassing reports whether a server starts, stops or is no longer the primary,
	// or a command took too long.
	isPassing = hasCode(6, 7, 50, 64, 89, 91, 112, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436)
)

// call runs a change, as try does.
func (b *store) call(ctx context.Context, op string, do func(context.Context) error) error {
	return b.changed(ctx, op, b.try(ctx, op, do))
}

// ask runs what changes nothing, as try does.
func (b *store) ask(ctx context.Context, op string, do func(context.Context) error) error {
	return b.ended(ctx, op, b.try(ctx, op, do))
}

// try runs one operation, again and again while its failures pass, until Patience
// ends. It returns the driver's error.
func (b *store) try(ctx context.Context, op string, do func(context.Context) error) (final error) {
	policy := retry.Policy{Base: firstWait, Max: longestWait, Budget: b.o.Patience, OnWait: b.o.OnWait}
	_ = b.server.Do(ctx, policy, func(ctx context.Context) error { // final is what it ends with
		if final = do(ctx); !passes(final) || ctx.Err() != nil {
			return nil
		}
		b.o.Logger.Debug("the state does not answer", "operation", op, "error", b.reason(final))
		return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Err: fmt.Errorf(unreachable, b.where, b.reason(final))}
	})
	return final
}

// ended returns what an operation returns that ended so.
func (b *store) ended(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return b.fault(op, err)
}

// changed returns what a change returns that ended so. If the server stayed away, it
// says what is saved.
func (b *store) changed(ctx context.Context, op string, err error) error {
	failed := b.ended(ctx, op, err)
	if f, ok := errors.AsType[*fault.Error](failed); ok && passes(err) {
		f.Err = fmt.Errorf("%w; everything confirmed so far is saved", f.Err)
	}
	return failed
}

// as returns the error of one type that an error wraps, or nil.
func as[T error](err error) error {
	if e, ok := errors.AsType[T](err); ok {
		return e
	}
	return nil
}

// first returns the error of the first of these types that an error wraps, or nil.
func first(err error, types ...func(error) error) error {
	for _, as := range types {
		if e := as(err); e != nil {
			return e
		}
	}
	return nil
}

// hasCode reports whether a server answered with one of some codes.
func hasCode(codes ...int) func(error) bool {
	return func(err error) bool {
		server, ok := errors.AsType[mongo.ServerError](err)
		return ok && slices.ContainsFunc(codes, server.HasErrorCode)
	}
}

// passes reports whether an error may be gone the next time.
func passes(err error) bool {
	switch {
	case known(err), refusedUser(err), badCertificate(err) != nil:
		return false
	case errors.Is(err, context.DeadlineExceeded), mongo.IsTimeout(err), mongo.IsNetworkError(err), isPassing(err):
		return true
	}
	if server, ok := errors.AsType[mongo.ServerError](err); ok {
		return server.HasErrorLabel("RetryableWriteError") || server.HasErrorLabel("TransientTransactionError")
	}
	return first(err, as[topology.ServerSelectionError], as[topology.ConnectionError]) != nil
}

// known reports whether an error is one of those that callers ask for.
func known(err error) bool {
	return errors.Is(err, state.ErrNotFound) || first(err, as[*fault.Error], as[*state.LockedError]) != nil
}

func refusedUser(err error) bool {
	return as[*auth.Error](err) != nil && !mongo.IsNetworkError(err) || isRefused(err)
}

// badCertificate returns why TLS failed, if it did for good.
func badCertificate(err error) error {
	for _, err := range causes(err) {
		if e := first(err, as[*tls.CertificateVerificationError], as[x509.UnknownAuthorityError], as[tls.RecordHeaderError], as[tls.AlertError]); e != nil {
			return e
		}
	}
	return nil
}

// causes returns an error and what its servers last failed with.
func causes(err error) []error {
	all := []error{err}
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		for _, server := range e.Desc.Servers {
			if server.LastError != nil {
				all = append(all, server.LastError)
			}
		}
	}
	return all
}

// kind is what an error can be, and what helps.
type kind struct {
	is    func(error) bool
	words string // of the server and the reason
	hint  string
}

// kinds are all that there are; the first that is true counts.
var kinds = []kind{
	{func(err error) bool { return as[tls.RecordHeaderError](badCertificate(err)) != nil },
		"%s: TLS: %s", "turn TLS on at the server, or leave it out of the URI"},
	{func(err error) bool { return badCertificate(err) != nil },
		"%s: TLS: %s", "name the authority that signed the server's certificate with tlsCAFile=FILE in the URI"},
	{refusedUser, "%s refuses the user: %s", "check user, password and authSource in the URI"},
	{hasCode(codeUnauthorized), "%s: %s", "give the user the role readWrite on this database"},
	{hasCode(codeNamespace), "%s: %s", "give the database another name in the URI, of letters, digits, - and _"},
	{hasCode(codeIndexOptions, codeIndexKeys), "%s: %s", "drop the index of these fields that has other options; it is made again"},
	{passes, unreachable, "run the same command again when the server answers"},
	{func(error) bool { return true }, "%s: %s", ""},
}

const unreachable = "%s is unreachable: %s"

// broken is a fault that concerns all of the store.
func broken(op string, err error, hint string) *fault.Error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: op, Err: err, Hint: hint}
}

// fault turns an error of the driver into one for users.
func (b *store) fault(op string, err error) error {
	if known(err) {
		return err
	}
	if errors.Is(err, mongo.ErrClientDisconnected) {
		return broken(op, state.ErrClosed, "")
	}
	kind := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.is(err) })]
	return broken(op, fmt.Errorf(kind.words, b.where, b.reason(err)), kind.hint)
}

// reason says why something failed in our own words, the server's, or those of
// package net: what the driver says of a connection holds its configuration.
func (b *store) reason(err error) string {
	all := causes(err)
	err = cmp.Or(badCertificate(err), all[len(all)-1])
	quoted := first(err, as[mongo.ServerError], as[*net.OpError], as[*net.DNSError])
	greeting, _ := errors.AsType[driver.Error](err)
	switch {
	case quoted != nil:
		err = quoted
	case greeting.Message != "":
		return b.scrub(greeting.Message)
	case refusedUser(err):
		return "authentication failed"
	case errors.Is(err, context.DeadlineExceeded), mongo.IsTimeout(err):
		return "no answer in time"
	case passes(err):
		return "the connection was lost"
	}
	return b.scrub(err.Error()) // or that of a certificate, a document or the lease
}

// scrub returns text without the credentials of the URI.
func (b *store) scrub(text string) string {
	for _, secret := range b.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}
