package config

import (
	"os/user"
	"path/filepath"
	"strings"
)

// Paths are the directories of the user's files. One that cannot be found out
// is "".
type Paths struct {
	Home   string // such as /home/me
	Config string // such as ~/.config/gondola
	State  string // such as ~/.local/state/gondola
}

// pathsFrom follows the XDG base directories, and Windows' own where they are
// not set. Without HOME, lookup returns the home directory, or "".
func pathsFrom(env map[string]string, lookup func() string) Paths {
	home := absolute(env["HOME"], env["USERPROFILE"])
	if home == "" {
		home = absolute(lookup())
	}
	return Paths{
		Home:   home,
		Config: base(env["XDG_CONFIG_HOME"], env["APPDATA"], below(home, ".config")),
		State:  base(env["XDG_STATE_HOME"], env["LOCALAPPDATA"], below(home, ".local", "state")),
	}
}

// lookupHome returns the home directory that the system's user database names.
func lookupHome() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.HomeDir
}

// absolute returns the first absolute path, or "".
func absolute(candidates ...string) string {
	for _, dir := range candidates {
		if filepath.IsAbs(dir) {
			return dir
		}
	}
	return ""
}

func below(home string, elem ...string) string {
	if home == "" {
		return ""
	}
	return filepath.Join(append([]string{home}, elem...)...)
}

// base returns gondola's directory below the first absolute candidate, or "".
func base(candidates ...string) string { return below(absolute(candidates...), "gondola") }

// Expand replaces a leading ~ by the home directory, as a shell does.
func (p Paths) Expand(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") && !strings.HasPrefix(path, "~"+string(filepath.Separator)) {
		return path, nil
	}
	if p.Home == "" {
		return "", homeless("write the path in full instead of " + path)
	}
	return filepath.Join(p.Home, path[1:]), nil
}

// ExpandURI expands the path behind the scheme of a URI, as [Paths.Expand] does.
func (p Paths) ExpandURI(uri string) (string, error) {
	scheme, path, found := strings.Cut(uri, ":")
	if !found {
		return uri, nil
	}
	path, err := p.Expand(path)
	return scheme + ":" + path, err
}

// homeless is the error of a path that lies below an unknown home directory.
func homeless(remedy string) error {
	return &UsageError{Message: "the home directory is unknown: HOME is not set and this user has no entry in the user database; " + remedy}
}

// ConfigFile is the default config file, "" if there is none.
func (p Paths) ConfigFile() string { return below(p.Config, "config.toml") }

// Sessions returns the default directory of sessions.
func (p Paths) Sessions() (string, error) {
	if p.State == "" {
		return "", homeless("name a directory for sessions with --state-dir")
	}
	return filepath.Join(p.State, "sessions"), nil
}

// GoProToken is the file that keeps the GoPro token, "" if there is none.
func (p Paths) GoProToken() string { return below(p.Config, "gopro_token") }

// CheckConfig returns an error unless the config directory is known, which
// credentials are written to.
func (p Paths) CheckConfig() error {
	if p.Config == "" {
		return homeless("set HOME or XDG_CONFIG_HOME")
	}
	return nil
}
