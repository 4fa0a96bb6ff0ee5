package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

const loginHint = "run: gondola login google"

// Client is an OAuth client of a Google Cloud project. It holds a secret:
// printing or logging it shows only the id.
type Client struct {
	ID           string
	Secret       string // "" for a client type that has none
	AuthURI      string // authorization endpoint
	TokenURI     string // token endpoint
	RedirectURIs []string
	Web          bool // a "Web application": only RedirectURIs are accepted
}

// ReadClient reads an OAuth client from client_secret.json, as downloaded from
// the Google Cloud console. A missing or malformed file is a fault of class Session
// with code [fault.Auth] that says what is wrong with which file.
func ReadClient(path string) (*Client, error) {
	data, err := readFile(path)
	if err == nil {
		var c *Client
		if c, err = parseClient(data); err == nil {
			return c, nil
		}
	}
	hint := "download the file again from the Google Cloud console (APIs & Services, Credentials), then " + loginHint
	if errors.Is(err, fs.ErrNotExist) {
		hint = "create an OAuth client of type \"Desktop app\" in the Google Cloud console, save its JSON file as " + path + ", then " + loginHint
	}
	return nil, &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op: "read OAuth client " + path, Err: err, Hint: hint,
	}
}

type clientJSON struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret"`
	AuthURI      string   `json:"auth_uri"`
	TokenURI     string   `json:"token_uri"`
	RedirectURIs []string `json:"redirect_uris"`
}

func parseClient(data []byte) (*Client, error) {
	var file struct {
		Installed    *clientJSON     `json:"installed"`
		Web          *clientJSON     `json:"web"`
		Type         string          `json:"type"`
		RefreshToken json.RawMessage `json:"refresh_token"`
	}
	if err := jsonlimit.Unmarshal(data, &file, maxValues); err != nil {
		return nil, jsonError(err)
	}
	in := file.Installed
	switch {
	case in != nil:
	case file.Web != nil:
		in = file.Web
	case file.Type == "service_account":
		return nil, errors.New("this is a service account, which Google Photos does not accept")
	case file.RefreshToken != nil:
		return nil, errors.New("this is a token file, not an OAuth client")
	default:
		return nil, errors.New(`neither "installed" nor "web" is in it`)
	}
	c := &Client{
		ID: in.ID, Secret: in.Secret, AuthURI: in.AuthURI, TokenURI: in.TokenURI,
		RedirectURIs: in.RedirectURIs, Web: file.Installed == nil,
	}
	return c, c.validate()
}

func (c *Client) validate() error {
	if c.ID == "" {
		return errors.New("client_id is missing")
	}
	if err := checkEndpoint(c.AuthURI); err != nil {
		return fmt.Errorf("auth_uri %w", err)
	}
	if err := checkEndpoint(c.TokenURI); err != nil {
		return fmt.Errorf("token_uri %w", err)
	}
	return nil
}

// checkEndpoint accepts https anywhere and http on loopback.
func checkEndpoint(raw string) error {
	if raw == "" {
		return errors.New("is missing")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return errors.New("is not a web address")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must begin with https:// (plain http is accepted for loopback addresses only)")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func (c *Client) config(redirect string, scopes []string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     c.ID,
		ClientSecret: c.Secret,
		RedirectURL:  redirect,
		Scopes:       scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL: c.AuthURI, TokenURL: c.TokenURI,
			// Google does not take the secret in a header.
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// revokeURI is the revocation endpoint, which the client file does not name.
func (c *Client) revokeURI() string {
	u, err := url.Parse(c.TokenURI)
	if err != nil || strings.HasSuffix(u.Hostname(), ".googleapis.com") {
		return "https://oauth2.googleapis.com/revoke"
	}
	sibling := u.JoinPath("..", "revoke")
	sibling.RawQuery = ""
	return sibling.String()
}

// tokenHost names the token endpoint in messages.
func (c *Client) tokenHost() string { return hostOf(c.TokenURI) }

func hostOf(tokenURI string) string {
	u, err := url.Parse(tokenURI)
	if err != nil || u.Host == "" {
		return "another token endpoint"
	}
	return u.Host
}

// String names the client without its secret.
func (c Client) String() string { return "OAuth client " + c.ID }

// GoString does the same for %#v.
func (c Client) GoString() string { return c.String() }

// LogValue does the same for logs.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
