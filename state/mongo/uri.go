package mongo

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

var (
	// databasePart is the path of a URI without leading slashes, as q2google takes it.
	databasePart = regexp.MustCompile(`://[^/?#]*/*([^?#]*)`)
	databaseName = regexp.MustCompile(`^[^/\\. "$*<>:|?\x00]{1,63}$`)
)

// configure reads a URI: the options of a client, and the name of a database.
func configure(uri string, ownCredentials bool) (*options.ClientOptions, string, error) {
	const malformed = "it, or one of its options, is malformed"
	if !state.WellFormed(uri) {
		return nil, "", badURI(uri, malformed)
	}
	client, name := options.Client().ApplyURI(uri), databaseOf(uri)
	err := client.Validate()
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return nil, "", broken("open "+state.Redact(uri), dns, "check the host's name and the network")
	}
	if err != nil || !databaseName.MatchString(name) {
		return nil, "", badURI(uri, malformed)
	}
	if ownCredentials && borrows(client.Auth) {
		f := badURI(uri, "its authMechanism sends credentials of the environment, which are not meant for its server")
		f.Hint = "write user and password into the URI, or name the store by --state or in the environment"
		return nil, "", f
	}
	client.SetTimeout(answerTime).SetBSONOptions(&options.BSONOptions{NilSliceAsEmpty: true}) // an empty $in selects nothing
	if client.ServerSelectionTimeout == nil {
		client.SetServerSelectionTimeout(openTime)
	}
	if client.AppName == nil {
		client.SetAppName("gondola")
	}
	return client, name, nil
}

// badURI is the fault of a URI that makes no sense. It holds nothing of the
// driver's error, which may quote a password.
func badURI(uri, reason string) *fault.Error {
	return broken("open "+state.Redact(uri), fmt.Errorf("%w: %s", state.ErrURI, reason),
		"write it as mongodb://USER:PASSWORD@HOST:27017/DATABASE, with special characters percent-encoded: "+
			"%40 for an @ and %2F for a / in the password")
}

// borrows reports whether a mechanism sends what the environment holds: tokens
// that this machine has been given, or AWS keys.
func borrows(c *options.Credential) bool {
	return c != nil && (c.AuthMechanism == "MONGODB-OIDC" || c.AuthMechanism == "MONGODB-AWS" && c.Username == "")
}

// isRemote reports whether a host is another machine.
func isRemote(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host != "localhost" && !strings.HasSuffix(host, ".sock") && !ip.IsLoopback()
}

// databaseOf returns which database a URI names.
func databaseOf(uri string) string {
	return cmp.Or(databasePart.FindStringSubmatch(uri)[1], DefaultDatabase)
}
