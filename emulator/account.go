package emulator

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// AccountOptions are an account beside the default one: a person who has a GoPro
// library and uses Google Photos. The switches of both services are those of
// [Options].
type AccountOptions struct {
	Name    string       // such as "anna"
	Library Library      // what the GoPro account holds; ids may be those of other accounts' media
	Albums  []GoProAlbum // of the GoPro account
	User    string       // of Google; "": NAME@example.com
}

// Account is what one person has at both services. Accounts are strictly apart:
// a token, a signed address or an upload of one is as unknown to another as one
// that never was. Only what Google counts by project, all of its users share: see
// [OAuthClient].
type Account struct {
	Name  string // "" for the default account
	GoPro *GoPro
	User  string // of Google

	e *Emulator
}

const (
	defaultGoProUser = "0f3a1c9e-5b7d-4e21-8a66-2d9c7e10b4f5"
	accountDomain    = "@example.com"
)

// newAccounts opens the default account and the others.
func newAccounts(e *Emulator, o Options) ([]*Account, error) {
	g, err := openGoPro(e.cloud, defaultGoProUser, GoProUsername, o.Library, o.GoPro.Albums)
	if err != nil {
		return nil, err
	}
	accounts := []*Account{{GoPro: g, User: e.Google.opts.User, e: e}}
	for _, a := range o.Accounts {
		defaultTo(&a.User, a.Name+accountDomain)
		username := a.Name + accountDomain
		taken := func(other *Account) bool {
			return other.Name == a.Name || other.User == a.User || other.GoPro.Username() == username
		}
		if slices.ContainsFunc(accounts, taken) {
			return nil, fmt.Errorf("account %q: its name or its user %s is empty or taken", a.Name, a.User)
		}
		g, err := openGoPro(e.cloud, userID(a.Name), username, a.Library, a.Albums)
		if err != nil {
			return nil, fmt.Errorf("account %q: %w", a.Name, err)
		}
		accounts = append(accounts, &Account{Name: a.Name, GoPro: g, User: a.User, e: e})
	}
	return accounts, nil
}

// userID is the UUID of a GoPro user by the name of the account.
func userID(name string) string {
	sum := sha256.Sum256([]byte("GoPro user " + name))
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x", sum[:4], sum[4:6], uint16(sum[6])<<4|uint16(sum[7])>>4, uint16(sum[8])<<4|uint16(sum[9])>>4, sum[10:16])
}

// Accounts returns all accounts, the default one first.
func (e *Emulator) Accounts() []*Account { return slices.Clone(e.accounts) }

// Account returns an account by its name, "" for the default one, or nil if there
// is none of that name.
func (e *Emulator) Account(name string) *Account {
	i := slices.IndexFunc(e.accounts, func(a *Account) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return e.accounts[i]
}

// GoogleToken is [Google.Token] for the account's user.
func (a *Account) GoogleToken(scopes ...string) string { return a.e.Google.Token(a.User, scopes...) }

// Items returns what lies in the account's Google Photos, oldest addition first.
func (a *Account) Items() []Item {
	return slices.DeleteFunc(a.e.Google.Items(), func(it Item) bool { return it.User != a.User })
}

// Arrivals compares what the account's GoPro library is to give with what lies in
// its Google Photos, as [Emulator.Arrivals] does.
func (a *Account) Arrivals() Arrivals { return arrivals(a.GoPro.Expected(), a.Items()) }

// WriteCredentials is [Emulator.WriteCredentials] for the account's Google user.
func (a *Account) WriteCredentials(dir string) (clientSecret, token string, err error) {
	return a.e.writeCredentials(dir, a.User)
}

// Environ is [Emulator.Environ] for the account.
func (a *Account) Environ(dir string) ([]string, error) { return a.e.environ(dir, a) }
