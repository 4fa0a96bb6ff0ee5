package stations

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"

	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
)

// The files of a Google login in the directory of a profile.
const (
	clientFile = "client_secret.json"
	tokenFile  = "token.json"
)

// googleFiles are the files of the Google login of a profile.
type googleFiles struct {
	config.Pair
	stored *profile.Document // the tokens of a named profile; nil for those in the file Token
}

// store returns the tokens.
func (f googleFiles) store(log *slog.Logger) *auth.Store {
	if f.stored == nil {
		return auth.NewStore(f.Token, log)
	}
	return auth.NewStoreIn(f.stored, f.Token, log)
}

// where says where the tokens are.
func (f googleFiles) where() string {
	if f.stored == nil {
		return f.Token
	}
	return f.stored.Where()
}

// config reads the OAuth client of a profile, "" for the default one, which must
// exist.
func (g *GPhotos) config(e *app.Env, name string) (auth.Config, error) {
	files, err := g.filesOf(e, name)
	if err != nil {
		return auth.Config{}, err
	}
	return files.read(e)
}

// read reads the OAuth client of a login.
func (f googleFiles) read(e *app.Env) (auth.Config, error) {
	client, err := auth.ReadClient(f.Client)
	if err != nil {
		return auth.Config{}, err
	}
	e.Learn(client.Secret)
	return auth.Config{Client: client, Store: f.store(e.Log), Logger: e.Log}, nil
}

// filesOf returns the files of the login of a profile, "" for the default one, which
// must exist. It is a usage error if they do not belong to the address that is set.
func (g *GPhotos) filesOf(e *app.Env, name string) (googleFiles, error) {
	if name == "" {
		return g.defaultFiles(e)
	}
	p, err := e.Profile(gphotosKind(), name)
	if err != nil {
		return googleFiles{}, err
	}
	return g.named(e, p)
}

// newFiles returns the files that a login of a profile uses and writes: the
// profile need not exist yet.
func (g *GPhotos) newFiles(e *app.Env, name string) (googleFiles, error) {
	if name != "" {
		p, err := e.NewProfile(gphotosKind(), name)
		if err != nil {
			return googleFiles{}, err
		}
		return g.named(e, p)
	}
	if g.token == "" || g.credentials == "" {
		if err := e.Sources.Paths.CheckConfig(); err != nil {
			return googleFiles{}, err
		}
	}
	return g.defaultFiles(e)
}

// named returns the files of the login of a named profile.
func (g *GPhotos) named(e *app.Env, p *profile.Profile) (googleFiles, error) {
	for _, flag := range []string{"credentials", "token"} {
		if e.Origins[flag] == config.Flag {
			return googleFiles{}, &config.UsageError{Message: fmt.Sprintf(
				"--%s names a file of the default profile: for %s, set the keys %s and %s of the table [%s.%s] in the config file",
				flag, p, profile.KeyCredentials, profile.KeyToken, p.Service, p.Name)}
		}
	}
	client, err := p.Client(clientFile)
	if err != nil {
		return googleFiles{}, err
	}
	stored, err := p.Store(tokenFile)
	if err != nil {
		return googleFiles{}, err
	}
	files := googleFiles{Pair: config.Pair{Client: client, Token: stored.Path(), Origin: config.File}, stored: stored}
	return files, g.checkCredential(e, config.Credential{Name: "profile " + p.String(), Origin: files.Origin})
}

// defaultFiles returns the files of the login of the default profile, and notes
// where they are if that is the working directory. It is a usage error if they do
// not belong together.
func (g *GPhotos) defaultFiles(e *app.Env) (googleFiles, error) {
	pair, err := e.Sources.Pair(g.credentials, g.token, e.Origins)
	if err != nil {
		return googleFiles{Pair: pair}, err
	}
	e.Note(pair.Notice)
	files := googleFiles{Pair: pair}
	if g.url == gphotos.DefaultBaseURL {
		return files, nil
	}
	c := config.Credential{Name: pair.Token, Origin: pair.Origin}
	if e.Sources.Paths.Holds(pair.Token) || !issuedHere(pair.Token) {
		c.Files = []string{pair.Token}
	}
	return files, g.checkCredential(e, c)
}

// checkCredential returns a usage error if .env names the address of the API and
// not the credential that would go there.
func (g *GPhotos) checkCredential(e *app.Env, c config.Credential) error {
	if g.url == gphotos.DefaultBaseURL {
		return nil
	}
	return e.Sources.CheckEndpoint("gphotos-url", e.Origins, c)
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
