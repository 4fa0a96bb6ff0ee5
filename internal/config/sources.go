package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"
)

// Origin says where a value came from. Origins are ordered: the greater wins.
type Origin int

// The origins, weakest first.
const (
	Default     Origin = iota
	File               // the config file
	DotEnv             // .env in the working directory
	Environment        // the process environment
	Flag               // the command line
)

// Sources are the places where settings are looked for besides flags.
type Sources struct {
	Paths  Paths
	env    map[string]string
	dotenv map[string]string
	file   map[string][]string // by flag name
	path   string              // of the config file that was read; "" for none
}

// Load reads the sources: environ in the form of [os.Environ], the .env file
// in dir, and the config file. The config file is configPath, else what
// GONDOLA_CONFIG names, else the default one, which may be missing. It returns
// a [*UsageError] for a file that cannot be read or understood.
func Load(environ []string, dir, configPath string) (*Sources, error) {
	env := environment(environ)
	s := &Sources{env: env, Paths: pathsFrom(env)}
	var err error
	if s.dotenv, err = readDotEnv(filepath.Join(dir, ".env")); err != nil {
		return nil, err
	}
	required := true
	if configPath == "" {
		configPath, _ = s.lookup("GONDOLA_CONFIG")
	}
	if configPath == "" {
		configPath, required = s.Paths.ConfigFile(), false
	}
	if s.file, err = readFile(configPath); err != nil {
		if !required && errors.Is(err, fs.ErrNotExist) {
			return s, nil
		}
		return nil, &UsageError{Message: err.Error()}
	}
	s.path = configPath
	return s, nil
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

func readDotEnv(path string) (map[string]string, error) {
	vars, err := godotenv.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		// The parser's message quotes the line, which may hold a secret.
		return nil, &UsageError{Message: fmt.Sprintf("%s cannot be read as a list of NAME=VALUE lines", path)}
	}
	return vars, nil
}

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
type UsageError struct{ Message string }

func (e *UsageError) Error() string { return e.Message }
