package mongo

import (
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
	codeAuth          = 18
	codeIndexNotFound = 27
	codeIndexOptions  = 85
	codeIndexKeys     = 86
	codeAtlasAuth     = 8000
)

// passing are the codes of errors that go away: a server that starts, stops or
// is no longer the primary, and commands that took too long.
var passing = []int{6, 7, 50, 64, 89, 91, 112, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436}

// call runs one operation, again and again while its failures pass, until
// Patience ends.
func (b *store) call(ctx context.Context, op string, do func(context.Context) error) error {
	var final error
	policy := retry.Policy{Base: firstWait, Max: longestWait, Budget: b.o.Patience, OnWait: b.o.OnWait}
	err := b.server.Do(ctx, policy, func(ctx context.Context) error {
		if final = do(ctx); !passes(final) || ctx.Err() != nil {
			return nil
		}
		b.o.Logger.Debug("the state does not answer", "operation", op, "error", b.reason(final))
		return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Err: b.unreachable(final)}
	})
	switch {
	case err == nil && final == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return b.fault(op, final)
}

// passes reports whether an error may be gone the next time.
func passes(err error) bool {
	switch {
	case known(err), refusedUser(err), badCertificate(err) != nil:
		return false
	case errors.Is(err, context.DeadlineExceeded), mongo.IsTimeout(err), mongo.IsNetworkError(err):
		return true
	}
	if server, ok := errors.AsType[mongo.ServerError](err); ok {
		return server.HasErrorLabel("RetryableWriteError") || server.HasErrorLabel("TransientTransactionError") ||
			slices.ContainsFunc(passing, server.HasErrorCode)
	}
	if _, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		return true
	}
	_, ok := errors.AsType[topology.ConnectionError](err)
	return ok
}

// known reports whether an error is one of those that callers ask for.
func known(err error) bool {
	if errors.Is(err, state.ErrNotFound) {
		return true
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return true
	}
	_, ok := errors.AsType[*state.LockedError](err)
	return ok
}

func refusedUser(err error) bool {
	if _, ok := errors.AsType[*auth.Error](err); ok {
		return !mongo.IsNetworkError(err)
	}
	server, ok := errors.AsType[mongo.ServerError](err)
	return ok && (server.HasErrorCode(codeAuth) || server.HasErrorCode(codeAtlasAuth))
}

// badCertificate returns why TLS failed, if it did for good.
func badCertificate(err error) error {
	for _, err := range causes(err) {
		if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return e
		}
		if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
			return e
		}
		if e, ok := errors.AsType[tls.RecordHeaderError](err); ok {
			return e
		}
		if e, ok := errors.AsType[tls.AlertError](err); ok {
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

// fault turns an error of the driver into one for people.
func (b *store) fault(op string, err error) error {
	if known(err) {
		return err
	}
	f := &fault.Error{Class: fault.Session, Code: fault.State, Op: op}
	server, _ := errors.AsType[mongo.ServerError](err)
	switch cert := badCertificate(err); {
	case errors.Is(err, mongo.ErrClientDisconnected):
		f.Err = state.ErrClosed
	case cert != nil:
		f.Err = fmt.Errorf("%s: TLS: %s", b.where, b.scrub(cert.Error()))
		f.Hint = "name the authority that signed the server's certificate with tlsCAFile=FILE in the URI"
		if _, plain := errors.AsType[tls.RecordHeaderError](cert); plain {
			f.Hint = "turn TLS on at the server, or leave it out of the URI"
		}
	case refusedUser(err):
		f.Err = fmt.Errorf("%s refuses the user: %s", b.where, b.reason(err))
		f.Hint = "check user, password and authSource in the URI"
	case server != nil && server.HasErrorCode(codeUnauthorized):
		f.Err = fmt.Errorf("%s: %s", b.where, b.reason(err))
		f.Hint = "give the user the role readWrite on this database"
	case server != nil && (server.HasErrorCode(codeIndexOptions) || server.HasErrorCode(codeIndexKeys)):
		f.Err = fmt.Errorf("%s: %s", b.where, b.reason(err))
		f.Hint = "drop the index of these fields that has other options; it is made again"
	case passes(err):
		f.Err = fmt.Errorf("%w; everything confirmed so far is saved", b.unreachable(err))
		f.Hint = "run the same command again when the server answers"
	default:
		f.Err = fmt.Errorf("%s: %s", b.where, b.reason(err))
	}
	return f
}

// unreachable says that the server does not answer, and why as far as it is
// known.
func (b *store) unreachable(err error) error {
	all := causes(err)
	return fmt.Errorf("%s is unreachable: %s", b.where, b.reason(all[len(all)-1]))
}

// reason says why something failed in our own words, the server's, or those of
// package net: what the driver says of a connection holds its configuration.
func (b *store) reason(err error) string {
	if e, ok := errors.AsType[mongo.ServerError](err); ok {
		return b.scrub(e.Error())
	}
	if e, ok := errors.AsType[driver.Error](err); ok {
		return b.scrub(e.Message)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return b.scrub(e.Error())
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return b.scrub(e.Error())
	}
	switch {
	case refusedUser(err):
		return "authentication failed"
	case errors.Is(err, context.DeadlineExceeded), mongo.IsTimeout(err):
		return "no answer in time"
	case passes(err):
		return "the connection was lost"
	}
	return b.scrub(err.Error()) // of a document or of the lease
}

// scrub returns text without the credentials of the URI.
func (b *store) scrub(text string) string {
	for _, secret := range b.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}
