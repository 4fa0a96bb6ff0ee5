package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// Origin says where a value came from. Origins are ordered: the greater wins.
type Origin int

// The origins, weakest first.
const (
	Default     Origin = iota
	File               // the config file
	DotEnv             // .env in the working directory, or a config file that it names
	Environment        // the process environment
	Flag               // the command line
)

// Sources are the places where settings are looked for besides flags.
type Sources struct {
	Paths    Paths
	Warnings []string // sources that were ignored, and why

	env        map[string]string
	dotenv     map[string]string
	file       document
	path       string // of the config file that was read; "" for none
	dir        string // the working directory, where .env is looked for
	fileOrigin Origin // of the config file's values: DotEnv if .env named it, else File
}

// Load reads the sources: environ in the form of [os.Environ], the .env file
// in dir, and the config file. The config file is configPath, else what
// GONDOLA_CONFIG names, else the default one, which may be missing. It returns
// a [*UsageError] for a config file that cannot be read or understood; a .env file
// of another program is ignored, with one of the Warnings.
func Load(environ []string, dir, configPath string) (*Sources, error) {
	env := environment(environ)
	s := &Sources{dir: dir, fileOrigin: File, env: env, Paths: pathsFrom(env, lookupHome)}
	dotenv, warning, err := readDotEnv(filepath.Join(dir, ".env"))
	if err != nil {
		return nil, err
	}
	s.dotenv = dotenv
	if warning != "" {
		s.Warnings = append(s.Warnings, warning)
	}
	return s, s.loadFile(configPath)
}

// loadFile reads the config file, which may be missing if it was not named.
func (s *Sources) loadFile(path string) error {
	if path == "" {
		var origin Origin
		if path, origin = s.lookup("GONDOLA_CONFIG"); origin == DotEnv {
			s.fileOrigin = DotEnv
		}
	}
	named := path != ""
	path, err := s.Paths.Expand(path)
	if err != nil {
		return err
	}
	if !named {
		path = s.Paths.ConfigFile()
	}
	if path == "" {
		return nil
	}
	doc, err := readFile(path)
	switch {
	case !named && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &UsageError{Message: err.Error()}
	}
	s.file, s.path = doc, path
	return s.checkTables()
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			env[k] = v
		}
	}
	return env
}

// Dir returns the working directory, where .env is looked for.
func (s *Sources) Dir() string { return s.dir }

// Getenv returns the value of a variable in the environment or the .env file,
// or "". An empty variable counts as not set.
func (s *Sources) Getenv(name string) string {
	v, _ := s.lookup(name)
	return v
}

func (s *Sources) lookup(name string) (string, Origin) {
	if v := s.env[name]; v != "" {
		return v, Environment
	}
	if v := s.dotenv[name]; v != "" {
		return v, DotEnv
	}
	return "", Default
}

// UsageError is a setting that makes no sense: its value, or where it stands.
type UsageError struct {
	Message string
	Err     error // behind it, whose hint is shown; nil for none
}

func (e *UsageError) Error() string { return e.Message }
func (e *UsageError) Unwrap() error { return e.Err }
