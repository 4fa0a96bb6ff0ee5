package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
)

// parseAccounts reads what --account means: NAME or NAME=LIBRARY, each library
// with media of its own.
func parseAccounts(texts []string) ([]emulator.AccountOptions, error) {
	var accounts []emulator.AccountOptions
	for i, text := range texts {
		name, kind, found := strings.Cut(text, "=")
		if !found {
			kind = "many:10"
		}
		if err := profile.CheckName(name); err != nil {
			return nil, usagef("--account: %w", err)
		}
		library, err := parseLibrary(kind, librarySeed+1+uint64(i))
		if err != nil {
			return nil, fmt.Errorf("--account %s: %w", name, err)
		}
		if slices.ContainsFunc(accounts, func(a emulator.AccountOptions) bool { return a.Name == name }) {
			return nil, usagef("--account %s is given twice", name)
		}
		accounts = append(accounts, emulator.AccountOptions{Name: name, Library: library})
	}
	return accounts, nil
}

// accountLine says in JSON where the credentials of an emulated account are.
type accountLine struct {
	Name        string `json:"name"`
	GoProToken  string `json:"gopro_token"` // path of a file
	Credentials string `json:"credentials"` // path of client_secret.json
	Token       string `json:"token"`       // path of token.json
}

// writeAccounts writes the credentials of all accounts but the default one, each
// into a directory of its name below dir.
func writeAccounts(e *emulator.Emulator, dir string) ([]accountLine, error) {
	var lines []accountLine
	for _, account := range e.Accounts()[1:] {
		own := filepath.Join(dir, account.Name)
		client, tokens, err := account.WriteCredentials(own)
		if err != nil {
			return nil, err
		}
		line := accountLine{account.Name, filepath.Join(own, "gopro_token"), client, tokens}
		if err := config.StoreSecret(line.GoProToken, account.GoPro.Token()); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// announceAccounts says how to use the accounts as profiles.
func announceAccounts(w io.Writer, accounts []accountLine) {
	for _, account := range accounts {
		fmt.Fprintf(w, "Account %s: gondola login gopro --profile %s < %s\n", account.Name, account.Name, quoted(account.GoProToken))
		fmt.Fprintf(w, "  Its Google login, for a table [gphotos.%s] of the config file: credentials = %q, token-file = %q\n",
			account.Name, account.Credentials, account.Token)
	}
}
