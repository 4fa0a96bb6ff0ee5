package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// transient reports whether the same statement may well succeed a little later:
// the server has gone away, restarts, or has too much to do.
func transient(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgerrcode.IsConnectionException(e.Code) || slices.Contains([]string{
			pgerrcode.SerializationFailure, pgerrcode.DeadlockDetected, pgerrcode.OutOfMemory, pgerrcode.TooManyConnections, pgerrcode.AdminShutdown, pgerrcode.CrashShutdown, pgerrcode.CannotConnectNow, pgerrcode.IdleSessionTimeout,
		}, e.Code)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return slices.ContainsFunc([]error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, pgconn.ErrConnClosed, context.DeadlineExceeded,
	}, func(lost error) bool { return errors.Is(err, lost) })
}

// fault returns err as one that a method may return.
func (b *db) fault(op string, err error) error {
	if err == nil || errors.Is(err, driver.ErrNotFound) {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == pgerrcode.ForeignKeyViolation {
		return driver.ErrNotFound // the session was deleted meanwhile
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	failed := driver.Fault(fmt.Sprintf("%s in %s", op, b.where), plain(err), b.hint(err))
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == pgerrcode.UniqueViolation {
		return fmt.Errorf("%w: %w", driver.ErrConflict, failed)
	}
	return failed
}

// unreachable is the fault of a call that has waited in vain.
func (b *db) unreachable(op string, how sqlstore.How, err error) error {
	err = fmt.Errorf("unreachable: %w", err)
	if !how.Reads {
		err = fmt.Errorf("%w; everything confirmed so far is saved", err)
	}
	return driver.Fault(fmt.Sprintf("%s in %s", op, b.where), err,
		"see to the server and the line to it, then run the same command again")
}

// plain returns an error in one line of our own words, the server's, or those
// of package net: what pgx says of a connection holds its configuration.
func plain(err error) error {
	var server *pgconn.PgError
	var line *net.OpError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(err, &server):
		return &reworded{fmt.Sprintf("%s (SQLSTATE %s)", oneLine(server.Message), server.Code), err}
	case errors.As(err, &line):
		return &reworded{line.Error(), err}
	case errors.As(err, &name):
		return &reworded{name.Error(), err}
	case errors.As(err, &certificate):
		return &reworded{oneLine(certificate.Error()), err}
	case errors.As(err, &connecting):
		return &reworded{brokenConnection(err), err}
	}
	return err
}

// brokenConnection says how a connection failed that got through to a server.
func brokenConnection(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	}
	return "the server refused TLS, or the handshake with it failed"
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// reworded is an error in other words.
type reworded struct {
	text string
	err  error
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

// hint returns the next step after an error that is not transient.
func (b *db) hint(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting {
			return "check how the connection is to be encrypted: sslmode and sslrootcert in the URI; sslmode=disable takes one in the clear"
		}
		return ""
	}
	switch e.Code {
	case pgerrcode.InvalidAuthorizationSpecification, pgerrcode.InvalidPassword:
		return "check user and password: in the URI, in PGPASSWORD or in the password file"
	case pgerrcode.InvalidCatalogName:
		return "create the database (createdb), or correct its name in the URI"
	case pgerrcode.InsufficientPrivilege:
		return b.grants()
	case pgerrcode.DiskFull:
		return "free space on the server's disk, then run the same command again; everything confirmed so far is saved"
	case pgerrcode.ReadOnlySQLTransaction:
		return "connect to the primary server: target_session_attrs=read-write in the URI finds it among several hosts"
	case pgerrcode.QueryCanceled:
		return "the role or the database has a statement_timeout that is too short: set it to 0 for this role"
	case pgerrcode.InvalidSchemaName, pgerrcode.UndefinedTable, pgerrcode.UndefinedColumn, pgerrcode.DuplicateTable:
		return "the schema gondola is not as Gondola made it: restore it from a backup, or drop it to start afresh"
	case pgerrcode.DataCorrupted, pgerrcode.IndexCorrupted:
		return "the database is damaged: restore it from a backup"
	}
	return ""
}

// grants returns what a role needs.
func (b *db) grants() string {
	c := b.pool.Config().ConnConfig
	return fmt.Sprintf("grant what is missing: CREATE ON DATABASE %[1]q TO %[2]q for the first use and after updates, or let the owner of the schema run any command once and "+
		"GRANT USAGE ON SCHEMA gondola TO %[2]q; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gondola TO %[2]q", c.Database, c.User)
}

// Damaged is the fault of a document that cannot be read.
func (b *db) Damaged(what string, err error) error {
	return driver.Fault(fmt.Sprintf("read %s in %s", what, b.where), err,
		"restore the database from a backup, or correct the document by hand")
}
