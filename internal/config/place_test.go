package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// place is a working directory and a config directory with files in them.
type place struct {
	t            *testing.T
	here, config string
}

func newPlace(t *testing.T) *place {
	root := t.TempDir()
	p := &place{t: t, here: filepath.Join(root, "here"), config: filepath.Join(root, "home", ".config", "gondola")}
	for _, dir := range []string{p.here, p.config} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(p.here)
	return p
}

func (p *place) put(path, content string) {
	p.t.Helper()
	path = p.path(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// path replaces @ by the config directory.
func (p *place) path(path string) string { return strings.ReplaceAll(path, "@", p.config) }

// load returns the sources, the origins and the values of the flags that name
// credentials and addresses.
func (p *place) load(environ, arguments []string) (*Sources, Origins, map[string]string) {
	p.t.Helper()
	s, err := Load(append(environ, "HOME="+filepath.Dir(filepath.Dir(p.config))), ".", "")
	if err != nil {
		p.t.Fatal(err)
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	values := map[string]string{}
	for _, name := range []string{"credentials", "token", "gphotos-url", "gopro-url"} {
		flags.String(name, "", "")
	}
	if err := flags.Parse(arguments); err != nil {
		p.t.Fatal(err)
	}
	origins, err := s.Apply(flags)
	if err != nil {
		p.t.Fatal(err)
	}
	flags.VisitAll(func(f *pflag.Flag) { values[f.Name] = f.Value.String() })
	return s, origins, values
}

const both = "client_secret.json token.json"

// Client and token file come from one place.
func TestPair(t *testing.T) {
	for _, tc := range []struct {
		name          string
		here, config  string // files, separated by spaces
		dotenv        string
		env, args     []string
		client, token string
		notice        string // part of it
		refused       string // parts of the error, separated by |
	}{
		{name: "none", client: "@/client_secret.json", token: "@/token.json"},
		{name: "config directory", config: both, client: "@/client_secret.json", token: "@/token.json"},
		{name: "working directory", here: both, config: both, client: "client_secret.json", token: "token.json", notice: "is the one in the working directory"},
		{name: "a first login here", here: "client_secret.json", config: "token.json", client: "client_secret.json", token: "token.json", notice: "is the one in the working directory"},
		{name: "a client here, a pair there", here: "client_secret.json", config: both, client: "@/client_secret.json", token: "@/token.json", notice: "client_secret.json in the working directory is not used"},
		{name: "a token here, a pair there", here: "token.json", config: both, client: "@/client_secret.json", token: "@/token.json", notice: "token.json in the working directory is not used"},
		{name: "a token here, a client there", here: "token.json", config: "client_secret.json", client: "@/client_secret.json", token: "@/token.json", notice: "token.json in the working directory is not used"},

		{name: "flags", here: both, config: both, args: []string{"--credentials=a/c", "--token=b/t"}, client: "a/c", token: "b/t"},
		{name: "variables", here: both, config: both, env: []string{"GONDOLA_CREDENTIALS=/a/c", "Q2GOOGLE_TOKEN_PATH=/b/t"}, client: "/a/c", token: "/b/t"},
		{name: "a flag over .env, one directory", dotenv: "GONDOLA_CREDENTIALS=c\nGONDOLA_TOKEN=t\n", args: []string{"--token=u"}, client: "c", token: "u"},
		{name: "a client, the token beside it", here: both + " x/token.json", config: both, args: []string{"--credentials=x/c"}, client: "x/c", token: "x/token.json"},
		{name: "a client, no token beside it", here: both, config: both, args: []string{"--credentials=x/c"}, client: "x/c", token: "@/token.json"},
		{name: "a token, the client beside it", here: both, config: both, env: []string{"GONDOLA_TOKEN=t"}, client: "client_secret.json", token: "t"},
		{name: "a token, no client beside it", here: both, config: both, env: []string{"GONDOLA_TOKEN=x/t"}, client: "@/client_secret.json", token: "x/t"},

		{name: "both in .env", here: both, config: both, dotenv: "GONDOLA_CREDENTIALS=x/c\nGONDOLA_TOKEN=y/t\n", client: "x/c", token: "y/t", notice: ".env in the working directory names: x/c and y/t"},
		{name: "a client in .env, its token beside it", here: "x/token.json", config: both, dotenv: "GONDOLA_CREDENTIALS=x/c\n", client: "x/c", token: "x/token.json", notice: ".env"},
		{name: "a client in .env, no token at all", dotenv: "GONDOLA_CREDENTIALS=x/c\n", client: "x/c", token: "x/token.json", notice: ".env"},
		{name: "a client in .env, a token there", config: both, dotenv: "GONDOLA_CREDENTIALS=c\n", refused: "GONDOLA_CREDENTIALS in .env|@/token.json"},
		{name: "a token in .env, a client there", config: both, dotenv: "Q2GOOGLE_TOKEN_PATH=t\n", refused: "Q2GOOGLE_TOKEN_PATH in .env|@/client_secret.json"},
		{name: "a client in .env, a token in the environment", dotenv: "GONDOLA_CREDENTIALS=c\n", env: []string{"GONDOLA_TOKEN=/b/t"}, refused: "GONDOLA_CREDENTIALS in .env|GONDOLA_TOKEN in the environment"},
		{name: "a token in .env, a client by a flag", dotenv: "GONDOLA_TOKEN=t\n", args: []string{"--credentials=/a/c"}, refused: "--credentials|GONDOLA_TOKEN in .env"},
		{name: "a token in .env, a client in the config file", here: "@/config.toml=credentials='/a/c'", dotenv: "GONDOLA_TOKEN=t\n", refused: `key "credentials" in|config.toml|GONDOLA_TOKEN in .env`},
		{name: "a client in a config file of .env", here: "evil.toml=credentials='c'", config: both, dotenv: "GONDOLA_CONFIG=evil.toml\n", refused: `key "credentials" in evil.toml, which GONDOLA_CONFIG in .env names|@/token.json`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlace(t)
			for file := range strings.FieldsSeq(tc.here) {
				name, content, _ := strings.Cut(file, "=")
				p.put(name, content)
			}
			for file := range strings.FieldsSeq(tc.config) {
				p.put("@/"+file, "")
			}
			if tc.dotenv != "" {
				p.put(".env", tc.dotenv)
			}
			s, origins, values := p.load(tc.env, tc.args)
			pair, err := s.Pair(values["credentials"], values["token"], origins)
			if tc.refused != "" {
				if !isUsage(err) {
					t.Fatalf("Pair = %+v, %v; want a UsageError", pair, err)
				}
				for part := range strings.SplitSeq(p.path(tc.refused), "|") {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%v; want %q in it", err, part)
					}
				}
				return
			}
			if err != nil || pair.Client != p.path(tc.client) || pair.Token != p.path(tc.token) {
				t.Errorf("Pair = %q, %q, %v; want %q, %q", pair.Client, pair.Token, err, tc.client, tc.token)
			}
			if !strings.Contains(pair.Notice, tc.notice) || (pair.Notice == "") != (tc.notice == "") {
				t.Errorf("notice %q, want %q", pair.Notice, tc.notice)
			}
		})
	}
}

// Addresses from .env go with credentials from .env.
func TestCheckEndpoint(t *testing.T) {
	for _, tc := range []struct {
		name, dotenv string
		files        []string // NAME=CONTENT
		env, args    []string
		link         string    // token.json here is a link to it
		refused      [2]string // GoPro's and Google's, parts separated by |
	}{
		{name: "nothing set", files: []string{"@/gopro_token=T"}},
		{name: "both in the environment", env: []string{"GONDOLA_GOPRO_URL=https://x", "GONDOLA_GPHOTOS_URL=https://x", "GP_ACCESS_TOKEN=T"}},
		{name: "addresses in the environment, credentials in .env", env: []string{"GONDOLA_GOPRO_URL=https://x", "GONDOLA_GPHOTOS_URL=https://x"},
			dotenv: "GP_ACCESS_TOKEN=T\nGONDOLA_TOKEN=t\nGONDOLA_CREDENTIALS=c\n"},
		{name: "a flag over .env", dotenv: "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\n", files: []string{"@/gopro_token=T"},
			args: []string{"--gopro-url=https://y", "--gphotos-url=https://y"}},
		{name: "all in .env", dotenv: "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\nGP_ACCESS_TOKEN=T\nGONDOLA_TOKEN=t\nGONDOLA_CREDENTIALS=c\n",
			files: []string{"t={}", "c={}"}},
		{name: "files in .env", dotenv: "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\nGP_ACCESS_TOKEN_FILE=secrets/g\nGONDOLA_TOKEN=secrets/t\nGONDOLA_CREDENTIALS=c\n",
			files: []string{"secrets/g=T", "secrets/t={}"}},
		{name: "q2google's token in .env", dotenv: "GONDOLA_GOPRO_URL=https://x\nQ2GOOGLE_GOPRO_ACCESS_TOKEN=T\n"},
		{name: "stored credentials", dotenv: "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\n", files: []string{"@/gopro_token=T", "@/token.json={}", "@/client_secret.json={}"},
			refused: [2]string{"GONDOLA_GOPRO_URL in .env|@/gopro_token", "GONDOLA_GPHOTOS_URL in .env|@/token.json"}},
		{name: "credentials of the environment", dotenv: "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\n", env: []string{"GP_ACCESS_TOKEN=T", "GONDOLA_TOKEN=/t", "GONDOLA_CREDENTIALS=/c"},
			refused: [2]string{"GONDOLA_GOPRO_URL in .env|GP_ACCESS_TOKEN in the environment", "GONDOLA_GPHOTOS_URL in .env|/t"}},
		{name: "q2google's token in the environment", dotenv: "GONDOLA_GOPRO_URL=https://x\n", env: []string{"Q2GOOGLE_GOPRO_ACCESS_TOKEN=T"},
			refused: [2]string{"Q2GOOGLE_GOPRO_ACCESS_TOKEN in the environment"}},
		{name: "addresses in a config file that .env names", dotenv: "GONDOLA_CONFIG=evil.toml\n", files: []string{"evil.toml=gopro-url='https://x'\ngphotos-url='https://x'", "@/gopro_token=T"},
			refused: [2]string{`key "gopro-url" in evil.toml, which GONDOLA_CONFIG in .env names|@/gopro_token`, `key "gphotos-url" in evil.toml|@/token.json`}},
		{name: "addresses in the user's config file", files: []string{"@/config.toml=gopro-url='https://x'\ngphotos-url='https://x'", "@/gopro_token=T"}},
		{name: "stored files that .env names", files: []string{"@/gopro_token=T", "@/token.json={}"},
			dotenv:  "GONDOLA_GOPRO_URL=https://x\nGONDOLA_GPHOTOS_URL=https://x\nGP_ACCESS_TOKEN_FILE=@/gopro_token\nGONDOLA_TOKEN=@/token.json\nGONDOLA_CREDENTIALS=c\n",
			refused: [2]string{"GONDOLA_GOPRO_URL in .env|outside the working directory", "GONDOLA_GPHOTOS_URL in .env|outside the working directory"}},
		{name: "a link in .env", link: "@/token.json", files: []string{"@/token.json={}"},
			dotenv:  "GONDOLA_GPHOTOS_URL=https://x\nGONDOLA_TOKEN=token.json\nGONDOLA_CREDENTIALS=c\n",
			refused: [2]string{"", "outside the working directory"}},
		{name: "a path that leads out", files: []string{"../sibling/g=T"}, dotenv: "GONDOLA_GOPRO_URL=https://x\nGP_ACCESS_TOKEN_FILE=../sibling/g\n",
			refused: [2]string{"outside the working directory"}},
		{name: "a pair found beside .env", files: []string{"token.json={}", "client_secret.json={}"}, dotenv: "GONDOLA_GPHOTOS_URL=https://x\n",
			refused: [2]string{"", "GONDOLA_GPHOTOS_URL in .env|token.json"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlace(t)
			for _, file := range tc.files {
				name, content, _ := strings.Cut(file, "=")
				p.put(name, content)
			}
			if tc.link != "" {
				if err := os.Symlink(p.path(tc.link), "token.json"); err != nil {
					t.Skip(err)
				}
			}
			if tc.dotenv != "" {
				p.put(".env", p.path(tc.dotenv))
			}
			s, origins, values := p.load(tc.env, tc.args)
			secret, err := s.GoProToken()
			if err != nil {
				t.Fatal(err)
			}
			pair, err := s.Pair(values["credentials"], values["token"], origins)
			if err != nil {
				t.Fatal(err)
			}
			p.want(s.CheckEndpoint("gopro-url", origins, secret.Credential()), tc.refused[0])
			p.want(s.CheckEndpoint("gphotos-url", origins, Credential{Name: pair.Token, Origin: pair.Origin, Files: []string{pair.Token}}), tc.refused[1])
		})
	}
}

// want checks that err is a UsageError with the parts of refused, or nil.
func (p *place) want(err error, refused string) {
	p.t.Helper()
	if refused == "" {
		if err != nil {
			p.t.Errorf("refused: %v", err)
		}
		return
	}
	if !isUsage(err) {
		p.t.Errorf("%v; want a UsageError with %q", err, refused)
		return
	}
	for part := range strings.SplitSeq(p.path(refused), "|") {
		if !strings.Contains(err.Error(), part) {
			p.t.Errorf("%v; want %q in it", err, part)
		}
	}
}
