package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/config"
)

// goproToken returns the token of the GoPro cloud, or the zero Secret if there is
// none. It is a usage error if the token is not for the address that is set.
func (a *app) goproToken(f *serviceFlags) (config.Secret, error) {
	token, err := a.sources.GoProToken()
	if err != nil {
		return token, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "read the GoPro token", Err: err,
			Hint: "put the token into that file, or let gondola login gopro store it",
		}
	}
	a.secrets.learn(token.Reveal())
	if token.IsZero() {
		return token, nil
	}
	if token.Origin == config.DotEnv {
		a.note("The GoPro token is the one that .env in the working directory names: " + token.From)
	}
	return token, a.checkGoPro(f, token.Credential())
}

// checkGoPro returns a usage error if .env names the address of the GoPro API and
// not the credential that would go there.
func (a *app) checkGoPro(f *serviceFlags, c config.Credential) error {
	if f.goproURL == gopro.DefaultBaseURL {
		return nil
	}
	return a.sources.CheckEndpoint("gopro-url", a.origins, c)
}

// googlePair returns the files of the Google login, and says where they are if
// that is the working directory. It is a usage error if they do not belong
// together or to the address that is set.
func (a *app) googlePair(f *serviceFlags) (config.Pair, error) {
	pair, err := a.sources.Pair(f.credentials, f.token, a.origins)
	if err != nil {
		return pair, err
	}
	a.note(pair.Notice)
	if f.gphotosURL == gphotos.DefaultBaseURL {
		return pair, nil
	}
	c := config.Credential{Name: pair.Token, Origin: pair.Origin}
	if a.sources.Paths.Holds(pair.Token) || !issuedHere(pair.Token) {
		c.Files = []string{pair.Token}
	}
	return pair, a.sources.CheckEndpoint("gphotos-url", a.origins, c)
}

// issuedHere reports whether a token file is for a token endpoint on this
// machine's loopback, as an emulator's is: it opens no real account.
func issuedHere(path string) bool {
	saved, err := auth.NewStore(path, nil).Load()
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	u, err := url.Parse(saved.TokenURI)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// readGoogle reads the OAuth client of a pair.
func (a *app) readGoogle(pair config.Pair) (auth.Config, error) {
	client, err := auth.ReadClient(pair.Client)
	if err != nil {
		return auth.Config{}, err
	}
	a.secrets.learn(client.Secret)
	return auth.Config{Client: client, Store: auth.NewStore(pair.Token, a.log), Logger: a.log}, nil
}

// note says a sentence, given without its full stop, to people, once.
func (a *app) note(text string) {
	if text == "" || a.noted[text] {
		return
	}
	if a.noted == nil {
		a.noted = map[string]bool{}
	}
	a.noted[text] = true
	fmt.Fprintln(a.talk(), "Note: "+text+".")
}
