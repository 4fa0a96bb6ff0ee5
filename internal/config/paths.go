package config

import (
	"os"
	"path/filepath"
)

// Paths are the directories of the user's files.
type Paths struct {
	Config string // such as ~/.config/gondola
	State  string // such as ~/.local/state/gondola
}

// pathsFrom follows the XDG base directories, and Windows' own where they are
// not set.
func pathsFrom(env map[string]string) Paths {
	home := env["HOME"]
	if home == "" {
		home = env["USERPROFILE"]
	}
	return Paths{
		Config: base(env["XDG_CONFIG_HOME"], env["APPDATA"], filepath.Join(home, ".config")),
		State:  base(env["XDG_STATE_HOME"], env["LOCALAPPDATA"], filepath.Join(home, ".local", "state")),
	}
}

// base returns our directory below the first absolute candidate.
func base(candidates ...string) string {
	for _, dir := range candidates {
		if filepath.IsAbs(dir) {
			return filepath.Join(dir, "gondola")
		}
	}
	return "gondola"
}

// ConfigFile is the default config file.
func (p Paths) ConfigFile() string { return filepath.Join(p.Config, "config.toml") }

// Sessions is the default directory of sessions.
func (p Paths) Sessions() string { return filepath.Join(p.State, "sessions") }

// GoProToken is the file that keeps the GoPro token.
func (p Paths) GoProToken() string { return filepath.Join(p.Config, "gopro_token") }

// Existing returns name if that file is in the working directory, else the
// path of that name in the config directory.
func (p Paths) Existing(name string) string {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return name
	}
	return filepath.Join(p.Config, name)
}
