package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// connectTimeout bounds one attempt to connect, unless the URI sets its own.
const connectTimeout = 5 * time.Second

// keepAlive notices within half a minute that the other side has vanished.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// configure reads a URI.
func configure(uri string) (*pgxpool.Config, error) {
	scheme, _, _ := strings.Cut(uri, "://")
	if scheme != Scheme && scheme != SchemeAlias {
		return nil, badURI(errors.New("it does not begin with postgres://"))
	}
	if !state.WellFormed(uri) {
		return nil, badURI(errMalformed)
	}
	config, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, badURI(reasonOf(err))
	}
	c, given := config.ConnConfig, optionsOf(uri)
	if !given.Has("default_query_exec_mode") {
		c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if !saysTLS(given) {
		c.Fallbacks = slices.DeleteFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool {
			return f.TLSConfig == nil && !isHere(f.Host)
		})
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "gondola"
	}
	c.DialFunc = (&net.Dialer{KeepAliveConfig: keepAlive}).DialContext
	return config, nil
}

// badURI is the fault of a URI that cannot be used. What it may tell of the
// reason holds nothing of the URI: where it is malformed, nothing separates a
// password from the rest.
func badURI(reason error) *fault.Error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "open PostgreSQL", Err: fmt.Errorf("%w: %w", state.ErrURI, reason),
		Hint: "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded; the password may be left to PGPASSWORD or ~/.pgpass",
	}
}

// checkOwnPassword returns an error if the password of a connection is not in its
// URI.
func checkOwnPassword(uri string, config *pgxpool.Config) error {
	given := []string{"", optionsOf(uri).Get("password")}
	if u, err := url.Parse(uri); err == nil && u.User != nil {
		password, _ := u.User.Password()
		given = append(given, password)
	}
	if slices.Contains(given, config.ConnConfig.Password) {
		return nil
	}
	source := "the password file or a service file"
	if os.Getenv("PGPASSWORD") != "" {
		source = "PGPASSWORD"
	}
	f := badURI(fmt.Errorf("it has no password, and the one of %s is not meant for its server", source))
	f.Hint = "write the password into the URI, or name the store by --state or in the environment"
	return f
}

func reasonOf(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("a file that it names cannot be read: %w", e.Err)
	}
	return errMalformed
}

var errMalformed = errors.New("it, or the environment that completes it (PGSSLMODE and the like), is malformed")

func optionsOf(uri string) url.Values {
	_, query, _ := strings.Cut(uri, "?")
	given, _ := url.ParseQuery(query)
	return given
}

// saysTLS reports whether the user has said how connections are to be
// encrypted, or may have in a service file.
func saysTLS(given url.Values) bool {
	for _, option := range []string{"sslmode", "ssl", "service"} {
		if given.Has(option) {
			return true
		}
	}
	return os.Getenv("PGSSLMODE") != "" || os.Getenv("PGSERVICE") != ""
}

// isHere reports whether a host is this machine.
func isHere(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || filepath.IsAbs(host)
}

// placeOf names a server and its database.
func placeOf(config *pgxpool.Config) string {
	c := config.ConnConfig
	host := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if filepath.IsAbs(c.Host) {
		host = c.Host
	}
	return fmt.Sprintf("database %q at %s", c.Database, host)
}
