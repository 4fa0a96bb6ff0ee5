package config

import (
	"fmt"
	"os"
	"path/filepath"
)

// The files of a Google login, as they are named by default.
const (
	clientFile = "client_secret.json"
	tokenFile  = "token.json"
)

// Pair are the files of a Google login: an OAuth client, and the tokens that
// were issued to it.
type Pair struct {
	Client, Token string // paths
	// Origin is DotEnv if .env named the pair, Default if neither file was named.
	Origin Origin
	// Notice is what the user should know of where the pair was found, a sentence
	// without its full stop; "" for nothing.
	Notice string
}

// Pair returns the files of the Google login. They belong together, so they come
// from one place: client and token are what settings name, with their origins;
// the file that none names lies beside the other or in the config directory; if
// none names either, both lie in the working directory or both in the config
// directory. The error is a [*UsageError] for a pair that .env would make with a
// file from elsewhere.
func (s *Sources) Pair(client, token string, o Origins) (Pair, error) {
	switch {
	case client == "" && token == "":
		return s.found(), nil
	case token == "":
		path, err := s.companion("credentials", client, tokenFile, o)
		return s.named(client, path, o["credentials"]), err
	case client == "":
		path, err := s.companion("token", token, clientFile, o)
		return s.named(path, token, o["token"]), err
	}
	byClient, byToken := o["credentials"], o["token"]
	if byClient == byToken {
		return s.named(client, token, byClient), nil
	}
	if (byClient == DotEnv || byToken == DotEnv) && filepath.Dir(client) != filepath.Dir(token) {
		return Pair{}, s.mixed(s.Name("credentials", byClient), s.Name("token", byToken))
	}
	if byClient == DotEnv {
		return s.named(client, token, byToken), nil
	}
	return s.named(client, token, byClient), nil
}

func (s *Sources) mixed(client, token string) error {
	return &UsageError{Message: fmt.Sprintf(
		"%s and %s do not belong together: name both files in .env, or both elsewhere", client, token)}
}

func (s *Sources) named(client, token string, origin Origin) Pair {
	p := Pair{Client: client, Token: token, Origin: origin}
	if origin == DotEnv {
		p.Notice = fmt.Sprintf("The Google login is the one that .env in the working directory names: %s and %s", client, token)
	}
	return p
}

// companion returns the file of a name that belongs to the one that a flag's
// setting names.
func (s *Sources) companion(flag, named, name string, o Origins) (string, error) {
	beside := filepath.Join(filepath.Dir(named), name)
	configured := below(s.Paths.Config, name)
	switch {
	case isRegular(beside) || configured == "":
		return beside, nil
	case o[flag] != DotEnv:
		return configured, nil
	case isRegular(configured):
		return "", s.mixed(s.Name(flag, DotEnv), configured)
	}
	return beside, nil
}

// found returns the pair that no setting names: the one in the working directory
// if it is complete or the config directory has no client.
func (s *Sources) found() Pair {
	clientHere, tokenHere := isRegular(clientFile), isRegular(tokenFile)
	p := Pair{Client: filepath.Join(s.Paths.Config, clientFile), Token: filepath.Join(s.Paths.Config, tokenFile)}
	switch {
	case clientHere && (tokenHere || !isRegular(p.Client)):
		return Pair{Client: clientFile, Token: tokenFile, Notice: "The Google login is the one in the working directory: " + clientFile + " and " + tokenFile}
	case clientHere:
		p.Notice = clientFile + " in the working directory is not used, since " + tokenFile + " is not beside it"
	case tokenHere:
		p.Notice = tokenFile + " in the working directory is not used, since " + clientFile + " is not beside it"
	}
	return p
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
