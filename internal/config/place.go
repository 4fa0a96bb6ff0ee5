package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A credential goes only where its own place says. The working directory may be
// another person's: what its .env file names is used with what it names itself.

// Credential is what a service is about to be sent.
type Credential struct {
	Name   string   // for messages, such as "GP_ACCESS_TOKEN"
	Origin Origin   // of the setting that led to it
	Files  []string // that hold it, if any
}

// CheckEndpoint returns a [*UsageError] with both names if .env names the address
// of a service, by the given flag's setting, and not the credential too. A file
// that .env names must lie in the working directory: .env could name any file of
// the user's.
func (s *Sources) CheckEndpoint(flag string, origins Origins, c Credential) error {
	if origins[flag] != DotEnv {
		return nil
	}
	endpoint := s.Name(flag, DotEnv)
	if c.Origin != DotEnv {
		return &UsageError{Message: fmt.Sprintf(
			"%s is used with credentials that .env names, too, not with %s: set the address by --%s or in the environment",
			endpoint, c.Name, flag)}
	}
	for _, file := range c.Files {
		if !inside(s.dir, file) {
			return &UsageError{Message: fmt.Sprintf(
				"%s is not used with %s, which names a file outside the working directory: set the address by --%s or in the environment",
				endpoint, c.Name, flag)}
		}
	}
	return nil
}

// Name says in words where a flag's value comes from.
func (s *Sources) Name(flag string, origin Origin) string {
	variable, _, from := s.variable(flag)
	switch {
	case origin == Flag || origin == Default:
		return "--" + flag
	case from == Environment:
		return variable + " in the environment"
	case from == DotEnv:
		return variable + " in .env"
	case origin == DotEnv:
		return fmt.Sprintf("key %q in %s, which GONDOLA_CONFIG in .env names,", flag, s.path)
	}
	return fmt.Sprintf("key %q in %s", flag, s.path)
}

// Holds reports whether the config directory holds a file, all links followed.
func (p Paths) Holds(file string) bool { return p.Config != "" && inside(p.Config, file) }

// inside reports whether a file lies in a directory or below it, all links
// followed. A file that is not there holds nothing and counts as inside.
func inside(dir, file string) bool {
	real, err := filepath.EvalSymlinks(file)
	if os.IsNotExist(err) {
		return true
	}
	if err != nil {
		return false
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	if root, err = filepath.Abs(root); err != nil {
		return false
	}
	if real, err = filepath.Abs(real); err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
