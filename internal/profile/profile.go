package profile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gondola-sync/gondola/internal/config"
)

// Values of the key token-store.
const (
	storeFile    = "file"
	storeKeyring = "keyring"
)

// Profile is a named set of credentials.
type Profile struct {
	ID

	table   config.Table // nil if the config file has none
	dir     string       // of the credentials that logins store
	paths   config.Paths
	options Options
}

// Exists reports whether the config file or an earlier login knows the profile.
func (p *Profile) Exists() bool {
	if p.table != nil {
		return true
	}
	info, err := os.Stat(p.dir)
	return err == nil && info.IsDir()
}

// Dir returns the directory of the credentials that logins store.
func (p *Profile) Dir() string { return p.dir }

// Setting returns the path that a key of the profile's table names, a leading ~
// expanded, or "".
func (p *Profile) Setting(key string) (string, error) {
	values := p.table[key]
	if len(values) == 0 {
		return "", nil
	}
	return p.paths.Expand(values[0])
}

// Client returns the file with the OAuth client: the one that the table names,
// else the one of this name in the profile's directory, else the one in the
// config directory, which profiles share.
func (p *Profile) Client(name string) (string, error) {
	path, err := p.Setting(KeyCredentials)
	if path != "" || err != nil {
		return path, err
	}
	own := filepath.Join(p.dir, name)
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	return filepath.Join(p.paths.Config, name), nil
}

// Store returns where the profile's token is stored: the file that the table
// names, else the keyring if the table says so, else the file of this name in the
// profile's directory.
func (p *Profile) Store(name string) (*Document, error) {
	path, err := p.Setting(KeyToken)
	if err != nil {
		return nil, err
	}
	d := &Document{path: path, user: p.ID.String(), log: p.options.Logger}
	if path == "" {
		d.path = filepath.Join(p.dir, name)
	}
	if values := p.table[KeyStore]; len(values) == 1 && values[0] == storeKeyring {
		d.keyring = p.options.Keyring
	}
	return d, nil
}

// Command returns the program that prints the token, with its arguments, or nil.
func (p *Profile) Command() []string { return p.table[KeyCommand] }

// Token returns the profile's token: what its command prints, else what is stored
// under this name; the zero Secret if nothing is stored.
func (p *Profile) Token(ctx context.Context, name string) (config.Secret, error) {
	if argv := p.Command(); argv != nil {
		text, err := output(ctx, argv, p.options.Environ)
		if err != nil {
			return config.Secret{}, fmt.Errorf("%s of profile %s: %w", KeyCommand, p, err)
		}
		return config.NewStored(text, "the command "+argv[0], ""), nil
	}
	d, err := p.Store(name)
	if err != nil {
		return config.Secret{}, err
	}
	return d.secret()
}

// secret returns the document as a secret, the zero one if there is no document.
func (d *Document) secret() (config.Secret, error) {
	data, from, err := d.read()
	if errors.Is(err, fs.ErrNotExist) {
		return config.Secret{}, nil
	}
	if err != nil {
		return config.Secret{}, err
	}
	file := ""
	if from == d.path {
		file = d.path
	}
	return config.NewStored(string(data), from, file), nil
}
