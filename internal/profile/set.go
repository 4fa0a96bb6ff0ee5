package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/suggest"
)

// Keys of the tables of profiles.
const (
	KeyCredentials = "credentials"   // file with the OAuth client of the service
	KeyToken       = "token-file"    // file that holds the token
	KeyCommand     = "token-command" // program, with its arguments, that prints the token
	KeyStore       = "token-store"   // where a login stores the token: file or keyring
)

// Services says, for each service that has profiles, which keys their tables can
// have.
type Services map[string][]string

// Options configure a Set.
type Options struct {
	Keyring Keyring      // nil means the system's
	Environ []string     // of the commands that print secrets
	Logger  *slog.Logger // nil discards
}

// Set is the profiles of a user.
type Set struct {
	sources  *config.Sources
	services Services
	options  Options
}

// Open returns the profiles that the config file and the config directory know.
// It returns a [*config.UsageError] for a table that makes no sense.
func Open(sources *config.Sources, services Services, o Options) (*Set, error) {
	if o.Keyring == nil {
		o.Keyring = System{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Set{sources: sources, services: services, options: o}
	for _, service := range slices.Sorted(maps.Keys(sources.Tables())) {
		tables := sources.Tables()[service]
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			if err := s.check(ID{service, name}, tables[name]); err != nil {
				return nil, &config.UsageError{Message: fmt.Sprintf("config file %s: table [%s.%s]: %v", sources.ConfigFile(), service, name, err)}
			}
		}
	}
	return s, nil
}

// check returns an error for a table that makes no sense.
func (s *Set) check(id ID, table config.Table) error {
	keys, ok := s.services[id.Service]
	if !ok {
		known := slices.Sorted(maps.Keys(s.services))
		return fmt.Errorf("%q has no profiles; those of %s can have%s", id.Service, strings.Join(known, " and "), suggest.DidYouMean(id.Service, known...))
	}
	if err := CheckName(id.Name); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if err := checkKey(key, table[key], keys); err != nil {
			return err
		}
	}
	if table[KeyToken] != nil && (table[KeyCommand] != nil || table[KeyStore] != nil) || table[KeyCommand] != nil && table[KeyStore] != nil {
		return fmt.Errorf("%s, %s and %s are mutually exclusive", KeyToken, KeyCommand, KeyStore)
	}
	return nil
}

func checkKey(key string, values, keys []string) error {
	switch {
	case !slices.Contains(keys, key):
		return fmt.Errorf("unknown key %q; keys are %s%s", key, strings.Join(keys, ", "), suggest.DidYouMean(key, keys...))
	case len(values) == 0 || values[0] == "":
		return fmt.Errorf("key %q is empty", key)
	case key != KeyCommand && len(values) > 1:
		return fmt.Errorf("key %q: one value is expected, not a list", key)
	case key == KeyStore && values[0] != storeFile && values[0] != storeKeyring:
		return fmt.Errorf("key %q: %q: %s or %s is expected%s", key, values[0], storeFile, storeKeyring,
			suggest.DidYouMean(values[0], storeFile, storeKeyring))
	}
	return nil
}

// Profile returns a profile by name, which need not exist yet. The error is that
// of a home directory that is not known.
func (s *Set) Profile(id ID) (*Profile, error) {
	if err := s.sources.Paths.CheckConfig(); err != nil {
		return nil, err
	}
	return &Profile{
		ID: id, table: s.sources.Tables()[id.Service][id.Name],
		dir: filepath.Join(s.root(), id.String()), paths: s.sources.Paths, options: s.options,
	}, nil
}

// root is the directory of the profiles' directories.
func (s *Set) root() string { return filepath.Join(s.sources.Paths.Config, "profiles") }

// Names returns the names of the profiles of a service, sorted; the default one
// is not among them.
func (s *Set) Names(service string) ([]string, error) {
	found := map[string]bool{}
	for name := range s.sources.Tables()[service] {
		found[name] = true
	}
	if s.sources.Paths.Config != "" {
		entries, err := os.ReadDir(s.root())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list profiles: %w", err)
		}
		for _, e := range entries {
			if name, ok := strings.CutPrefix(e.Name(), service+"@"); ok && e.IsDir() && CheckName(name) == nil {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
