package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/internal/durable"
	"github.com/gondola-sync/gondola/internal/regular"
)

// maxSecretSize bounds a file that holds a secret, in bytes.
const maxSecretSize = 64 << 10

// Secret is a credential and where it came from. It prints and logs as its
// origin only.
type Secret struct {
	value  string
	From   string // such as "GP_ACCESS_TOKEN" or a path; "" if there is none
	File   string // that holds it; "" for none
	Origin Origin // of the setting that led to it
}

// NewSecret returns a secret that the command line brought.
func NewSecret(value, from string) Secret { return Secret{value: value, From: from, Origin: Flag} }

// NewStored returns a secret that a profile has, and the file that holds it, if
// one does.
func NewStored(value, from, file string) Secret {
	return Secret{value: value, From: from, File: file, Origin: File}
}

// Credential describes the secret for [Sources.CheckEndpoint].
func (s Secret) Credential() Credential {
	c := Credential{Name: s.From, Origin: s.Origin}
	if s.File != "" {
		c.Files = []string{s.File}
	} else if s.Origin == Environment {
		c.Name += " in the environment"
	}
	return c
}

// Reveal returns the credential itself.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no credential.
func (s Secret) IsZero() bool { return s.value == "" }

// String implements [fmt.Stringer] without giving the credential away.
func (s Secret) String() string { return "secret from " + s.From }

// GoString implements [fmt.GoStringer] without giving the credential away.
func (s Secret) GoString() string { return s.String() }

// LogValue implements [slog.LogValuer] without giving the credential away.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// GoProToken returns the GoPro token: from the variables GONDOLA_GOPRO_TOKEN
// and GP_ACCESS_TOKEN, or from the files that GONDOLA_GOPRO_TOKEN_FILE and
// GP_ACCESS_TOKEN_FILE name, first in the environment, then in .env; else from
// q2google's variable, else from the file that "login gopro" wrote. Without any
// it returns the zero Secret. The error says which file should hold it and why
// it does not.
func (s *Sources) GoProToken() (Secret, error) {
	for _, origin := range []Origin{Environment, DotEnv} {
		for _, name := range []string{"GONDOLA_GOPRO_TOKEN", "GP_ACCESS_TOKEN"} {
			secret, err := s.secretFrom(origin, name)
			if err != nil || !secret.IsZero() {
				return secret, err
			}
		}
	}
	const legacy = "Q2GOOGLE_GOPRO_ACCESS_TOKEN"
	if v, origin := s.lookup(legacy); v != "" {
		return Secret{value: v, From: legacy, Origin: origin}, nil
	}
	path := s.Paths.GoProToken()
	if path == "" {
		return Secret{}, nil
	}
	value, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Secret{}, nil
	}
	if err != nil {
		return Secret{}, err
	}
	return Secret{value: value, From: path, File: path}, nil
}

// secretFrom returns the secret that a variable of the environment or of .env
// holds, or the file that its _FILE names.
func (s *Sources) secretFrom(origin Origin, name string) (Secret, error) {
	vars := s.env
	if origin == DotEnv {
		vars = s.dotenv
	}
	if v := vars[name]; v != "" {
		return Secret{value: v, From: name, Origin: origin}, nil
	}
	path := vars[name+"_FILE"]
	if path == "" {
		return Secret{}, nil
	}
	path, err := s.Paths.Expand(path)
	if err != nil {
		return Secret{}, err
	}
	v, err := readSecret(path)
	if err != nil {
		return Secret{}, fmt.Errorf("variable %s_FILE: %w", name, err)
	}
	return Secret{value: v, From: path, File: path, Origin: origin}, nil
}

func readSecret(path string) (string, error) {
	data, err := regular.Read(path, maxSecretSize)
	switch {
	case errors.Is(err, regular.ErrTooLarge):
		return "", fmt.Errorf("%s is larger than 64 KiB, which no token is", path)
	case err != nil:
		return "", err
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return value, nil
}

// StoreSecret writes a secret to a file that only the owner can read, as
// [durable.WriteFile] does: after a crash the file is the old one or the new one.
func StoreSecret(path, value string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store credentials: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(path, []byte(value+"\n"))
}
