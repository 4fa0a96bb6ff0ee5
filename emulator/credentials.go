package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/emulator/internal/oauth"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// ErrForeignFile is wrapped by the error for a client_secret.json or token.json
// that no emulator has written, and that is therefore not replaced.
var ErrForeignFile = errors.New("no emulator wrote this file")

// emulatedClient ends the id of the default OAuth client, by which the files of
// an emulator are recognised.
const emulatedClient = "-emulated.apps.googleusercontent.com"

type clientSecretFile struct {
	Installed installedClient `json:"installed"`
}

type installedClient struct {
	ClientID     string   `json:"client_id"`
	ProjectID    string   `json:"project_id"`
	AuthURI      string   `json:"auth_uri"`
	TokenURI     string   `json:"token_uri"`
	CertURL      string   `json:"auth_provider_x509_cert_url"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
}

// tokenFile is token.json as Python's google-auth writes it.
type tokenFile struct {
	Token          string   `json:"token"`
	RefreshToken   string   `json:"refresh_token"`
	TokenURI       string   `json:"token_uri"`
	ClientID       string   `json:"client_id"`
	ClientSecret   string   `json:"client_secret"`
	Scopes         []string `json:"scopes"`
	UniverseDomain string   `json:"universe_domain"`
	Account        string   `json:"account"`
	Expiry         string   `json:"expiry"`
}

// WriteCredentials writes client_secret.json, which points to this emulator, and
// a token.json that works, both readable by the owner only, into a directory that
// is made if need be. Call it after Listen if the client is another process. It
// returns the paths of the files. Files of an emulator are replaced; if either is
// another file, neither is written, and the error wraps [ErrForeignFile].
func (e *Emulator) WriteCredentials(dir string) (clientSecret, token string, err error) {
	return e.writeCredentials(dir, "")
}

func (e *Emulator) writeCredentials(dir, user string) (clientSecret, token string, err error) {
	g := e.Google
	clientSecret, token = filepath.Join(dir, "client_secret.json"), filepath.Join(dir, "token.json")
	for _, path := range []string{clientSecret, token} {
		if err := g.checkReplaceable(path); err != nil {
			return "", "", fmt.Errorf("write emulated credentials: %s: %w", path, err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", fmt.Errorf("write emulated credentials: %w", err)
	}
	if err := writePrivate(clientSecret, e.clientSecretFile()); err != nil {
		return "", "", err
	}
	if err := writePrivate(token, e.tokenFile(user)); err != nil {
		return "", "", err
	}
	return clientSecret, token, nil
}

// Environ writes credentials as [Emulator.WriteCredentials] does and returns what
// points the gondola command of another process to the listener, in the form of
// [os.Environ]: GONDOLA_GOPRO_URL, GP_ACCESS_TOKEN, GONDOLA_GPHOTOS_URL,
// GONDOLA_CREDENTIALS and GONDOLA_TOKEN, in this order. Where its sessions are
// kept and where its home is, is left to the caller.
func (e *Emulator) Environ(dir string) ([]string, error) { return e.environ(dir, e.accounts[0]) }

func (e *Emulator) environ(dir string, a *Account) ([]string, error) {
	e.mu.Lock()
	server := e.server
	e.mu.Unlock()
	if server == nil {
		return nil, ErrNotListening // the URLs would be those of the real services
	}
	clientSecret, token, err := e.writeCredentials(dir, a.User)
	if err != nil {
		return nil, err
	}
	return []string{
		"GONDOLA_GOPRO_URL=" + server.GoProURL,
		"GP_ACCESS_TOKEN=" + a.GoPro.Token(),
		"GONDOLA_GPHOTOS_URL=" + server.PhotosURL,
		"GONDOLA_CREDENTIALS=" + clientSecret,
		"GONDOLA_TOKEN=" + token,
	}, nil
}

func (e *Emulator) clientSecretFile() clientSecretFile {
	c := e.Google.opts.Clients[0]
	return clientSecretFile{installedClient{
		ClientID: c.ID, ProjectID: "emulated-" + c.Project,
		AuthURI: e.base(route.Accounts) + "/o/oauth2/auth", TokenURI: e.base(route.OAuth) + "/token",
		CertURL:      "https://www.googleapis.com/oauth2/v1/certs",
		ClientSecret: c.Secret, RedirectURIs: []string{"http://localhost"},
	}}
}

func (e *Emulator) tokenFile(user string) tokenFile {
	c := e.Google.opts.Clients[0]
	answer := e.Google.oauth.Grant(c.ID, user, PhotosScopes())
	return tokenFile{
		Token: answer.AccessToken, RefreshToken: answer.RefreshToken, TokenURI: e.base(route.OAuth) + "/token",
		ClientID: c.ID, ClientSecret: c.Secret, Scopes: PhotosScopes(), UniverseDomain: "googleapis.com",
		Expiry: e.Google.oauth.Now().Add(oauth.AccessLife).UTC().Format("2006-01-02T15:04:05.000000Z07:00"),
	}
}

// maxCredentials bounds a file of credentials, in bytes.
const maxCredentials = 64 << 10

// checkReplaceable returns an error unless path is free or a file of an emulator.
func (g *Google) checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() > maxCredentials:
		return ErrForeignFile
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		clientSecretFile
		ClientID string `json:"client_id"`
	}
	if json.Unmarshal(data, &file) != nil || !g.emulated(file.Installed.ClientID) && !g.emulated(file.ClientID) {
		return ErrForeignFile
	}
	return nil
}

// emulated reports whether an OAuth client is one of an emulator.
func (g *Google) emulated(id string) bool {
	return strings.HasSuffix(id, emulatedClient) ||
		slices.ContainsFunc(g.opts.Clients, func(c OAuthClient) bool { return c.ID == id })
}

// writePrivate writes one line of JSON to a file of mode 0600.
func writePrivate(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write emulated credentials: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	if _, err := tmp.Write(bytes.TrimSpace(data)); err != nil {
		_ = tmp.Close() // the write failed already
		return fmt.Errorf("write emulated credentials: %w", err)
	}
	if err := tmp.Close(); err != nil {
		return fmt.Errorf("write emulated credentials: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write emulated credentials: %w", err)
	}
	return nil
}
