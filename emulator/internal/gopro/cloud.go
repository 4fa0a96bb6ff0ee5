package gopro

import (
	"cmp"
	"time"

	"github.com/gondola-sync/gondola/emulator/sample"
)

// Env is what a cloud needs of the world around it.
type Env struct {
	Now   func() time.Time
	Start time.Time     // when the world began
	CDN   func() string // root of the CDN's URLs, without a slash at its end
}

// Cloud is the GoPro cloud: accounts, and the calls that reach them. Accounts are
// opened before the cloud is used.
type Cloud struct {
	env      Env
	options  Options
	accounts []*Account
}

// NewCloud returns a cloud without accounts.
func NewCloud(env Env, o Options) *Cloud {
	o.TokenLife = cmp.Or(o.TokenLife, 7*24*time.Hour)
	o.URLLife = cmp.Or(o.URLLife, time.Hour)
	o.DeleteDelay = cmp.Or(o.DeleteDelay, 15*time.Second)
	o.Unauthorized = cmp.Or(o.Unauthorized, 401)
	return &Cloud{env: env, options: o}
}

// AccountOptions are what an account is opened with.
type AccountOptions struct {
	User     string // UUID
	Username string // for signing in
	Library  sample.Library
	Albums   []Album
}

// Open opens an account. It fails on a library with ids that are empty or occur
// twice.
func (c *Cloud) Open(o AccountOptions) (*Account, error) {
	g, err := newAccount(c, o)
	if err == nil {
		c.accounts = append(c.accounts, g)
	}
	return g, err
}

// where returns the account that fits, or nil.
func (c *Cloud) where(fits func(*Account) bool) *Account {
	for _, g := range c.accounts {
		if fits(g) {
			return g
		}
	}
	return nil
}
