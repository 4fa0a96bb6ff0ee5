package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
)

// goproToken returns the GoPro token of a profile, "" for the default one, or the
// zero Secret if there is none. It is a usage error if the token is not for the
// address that is set.
func (a *app) goproToken(ctx context.Context, f *serviceFlags, name string) (config.Secret, error) {
	var token config.Secret
	var err error
	if name == "" {
		token, err = a.defaultToken()
	} else {
		token, err = a.profileToken(ctx, name)
	}
	if err != nil {
		return token, err
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

// defaultToken returns the GoPro token of the default profile.
func (a *app) defaultToken() (config.Secret, error) {
	token, err := a.sources.GoProToken()
	if err != nil {
		return token, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "read the GoPro token", Err: err,
			Hint: "put the token into that file, or let gondola login gopro store it",
		}
	}
	return token, nil
}

// checkGoPro returns a usage error if .env names the address of the GoPro API and
// not the credential that would go there.
func (a *app) checkGoPro(f *serviceFlags, c config.Credential) error {
	if f.goproURL == gopro.DefaultBaseURL {
		return nil
	}
	return a.sources.CheckEndpoint("gopro-url", a.origins, c)
}

// googleFiles are the files of the Google login of a profile.
type googleFiles struct {
	config.Pair
	stored *profile.Document // the tokens of a named profile; nil for those in the file Token
}

// store returns where the tokens are kept.
func (g googleFiles) store(log *slog.Logger) *auth.Store {
	if g.stored == nil {
		return auth.NewStore(g.Token, log)
	}
	return auth.NewStoreIn(g.stored, g.Token, log)
}

// where says where the tokens are.
func (g googleFiles) where() string {
	if g.stored == nil {
		return g.Token
	}
	return g.stored.Where()
}

// googleFiles returns the files of the Google login of a profile, "" for the
// default one, which must exist. It is a usage error if they do not belong to the
// address that is set.
func (a *app) googleFiles(f *serviceFlags, name string) (googleFiles, error) {
	if name == "" {
		return a.defaultGoogle(f)
	}
	p, err := a.profile(profile.ID{Service: gphotos.Scheme, Name: name})
	if err != nil {
		return googleFiles{}, err
	}
	return a.namedGoogle(f, p)
}

// namedGoogle returns the files of the Google login of a named profile.
func (a *app) namedGoogle(f *serviceFlags, p *profile.Profile) (googleFiles, error) {
	files, err := a.profileGoogle(p)
	if err != nil || f.gphotosURL == gphotos.DefaultBaseURL {
		return files, err
	}
	return files, a.sources.CheckEndpoint("gphotos-url", a.origins, config.Credential{Name: "profile " + p.String(), Origin: files.Origin})
}

// defaultGoogle returns the files of the Google login of the default profile, and
// says where they are if that is the working directory. It is a usage error if
// they do not belong together.
func (a *app) defaultGoogle(f *serviceFlags) (googleFiles, error) {
	pair, err := a.sources.Pair(f.credentials, f.token, a.origins)
	files := googleFiles{Pair: pair}
	if err != nil {
		return files, err
	}
	a.note(pair.Notice)
	if f.gphotosURL == gphotos.DefaultBaseURL {
		return files, nil
	}
	c := config.Credential{Name: pair.Token, Origin: pair.Origin}
	if a.sources.Paths.Holds(pair.Token) || !issuedHere(pair.Token) {
		c.Files = []string{pair.Token}
	}
	return files, a.sources.CheckEndpoint("gphotos-url", a.origins, c)
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

// readGoogle reads the OAuth client of a login.
func (a *app) readGoogle(files googleFiles) (auth.Config, error) {
	client, err := auth.ReadClient(files.Client)
	if err != nil {
		return auth.Config{}, err
	}
	a.secrets.learn(client.Secret)
	return auth.Config{Client: client, Store: files.store(a.log), Logger: a.log}, nil
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
