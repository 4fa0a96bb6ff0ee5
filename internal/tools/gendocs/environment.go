package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/config"
)

const environmentHead = `# Settings

What the command line does not set is looked for in the environment, then in a
` + "`.env`" + ` file in the working directory, then in the config file
(` + "`$XDG_CONFIG_HOME/gondola/config.toml`" + `, or what ` + "`--config`" + ` names), and has its
default otherwise. Keys of the config file are the names of the flags, without the
dashes. A list is comma-separated in a variable and an array in the file. An
empty variable counts as not set.

A leading ` + "`~/`" + ` of a path or of a state URI's path is the home directory: ` + "`HOME`" + `, else what
the user database says. Where neither names one, ` + "`--state-dir`" + ` has to. Files are read if
they are regular and of a sensible size, never from a FIFO or a device. A
` + "`.env`" + ` file that sets no variable of this page and cannot be read is ignored, with a
warning that names the line.

The variables of q2google in the third column are understood where the variable
in the second is not set.

| flag | variable | q2google | default | meaning | commands |
|---|---|---|---|---|---|
`

const environmentTail = `
## Secrets

Secrets are never flags. What follows is for the default profile; the credentials of
profiles such as ` + "`gopro@anna:`" + `, and their tables in the config file, are in
[accounts.md](accounts.md).

| variable | meaning |
|---|---|
| ` + "`GONDOLA_GOPRO_TOKEN`, `GP_ACCESS_TOKEN`, `Q2GOOGLE_GOPRO_ACCESS_TOKEN`" + ` | GoPro token; the first that is set counts, else the one that ` + "`gondola login gopro`" + ` stored |
| ` + "`GONDOLA_GOPRO_TOKEN_FILE`, `GP_ACCESS_TOKEN_FILE`" + ` | file that holds the GoPro token |

The Google account's secrets are in the files that ` + "`--credentials` and `--token`" + ` name. The
OAuth endpoints are ` + "`auth_uri` and `token_uri` in `client_secret.json`" + `; tokens are
refreshed only at the ` + "`token_uri`" + ` that is recorded with them. Both files come from one
place: where neither is named, from the working directory if it has both (or a client
and the config directory has none), else from the config directory; where one is named,
the other lies beside it, else in the config directory. One file that ` + "`.env`" + ` names is not
paired with one from elsewhere.

An address that ` + "`.env`" + ` names, ` + "`GONDOLA_GOPRO_URL` or `GONDOLA_GPHOTOS_URL`" + `, is used only with
credentials that ` + "`.env`" + ` names, too; a file that it names for them has to lie in the working
directory, unless it is an emulator's. Otherwise the exit code is 2. A config file that
` + "`.env`" + ` names counts as ` + "`.env`" + `. Credentials that are found in the working directory are used
with a line that says so, and each summary names the account.

## Others

| variable | meaning |
|---|---|
| ` + "`NO_COLOR`" + ` | no colours, unless it is empty |
| ` + "`XDG_CONFIG_HOME`" + ` | where ` + "`gondola/`" + ` with the config file and the credentials is; default ` + "`~/.config`" + ` |
| ` + "`XDG_STATE_HOME`" + ` | where ` + "`gondola/sessions`" + ` is; default ` + "`~/.local/state`" + ` |
| ` + "`HTTPS_PROXY`, else `ALL_PROXY`; `NO_PROXY`" + ` | proxy for the requests to the services, http://USER:PASSWORD@HOST:PORT (or https, socks5, socks5h) with special characters percent-encoded, and the hosts that need none. A value that cannot be used ends the command with exit code 2; no request goes out without the proxy |
`

// setting is one flag and the commands that have it.
type setting struct {
	flag     *pflag.Flag
	commands []string
}

// environment writes the page of all settings.
func environment(root *cobra.Command) []byte {
	settings := collect(root)
	var page bytes.Buffer
	page.WriteString(environmentHead)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := settings[name]
		_, usage := pflag.UnquoteUsage(s.flag)
		fmt.Fprintf(&page, "| `--%s` | `%s` | %s | %s | %s | %s |\n", name, config.Variable(name),
			codes(config.Q2GoogleVariables(name)), defaultOf(s.flag), strings.ReplaceAll(usage, "|", `\|`), strings.Join(s.commands, ", "))
	}
	page.WriteString(environmentTail)
	return page.Bytes()
}

func collect(root *cobra.Command) map[string]*setting {
	settings := map[string]*setting{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		command := strings.TrimPrefix(cmd.CommandPath(), "gondola ")
		if cmd == root {
			command = "all"
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { add(settings, f, command) })
		if cmd == root {
			cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { add(settings, f, command) })
		}
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" {
				walk(sub)
			}
		}
	}
	walk(root)
	return settings
}

func add(settings map[string]*setting, f *pflag.Flag, command string) {
	if !config.HasVariable(f.Name) {
		return
	}
	if settings[f.Name] == nil {
		settings[f.Name] = &setting{flag: f}
	}
	settings[f.Name].commands = append(settings[f.Name].commands, "`"+command+"`")
}

func codes(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "`" + word + "`"
	}
	return strings.Join(quoted, ", ")
}

func defaultOf(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "[]" {
		return ""
	}
	return "`" + f.DefValue + "`"
}
