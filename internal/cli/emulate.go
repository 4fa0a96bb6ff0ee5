package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/emulator"
)

// emulateFlags are the flags of emulate.
type emulateFlags struct {
	library  string
	accounts []string
	host     string
	dir      string
	fast     bool
}

func newEmulate(a *app) *cobra.Command {
	var f emulateFlags
	cmd := &cobra.Command{
		Use:   "emulate",
		Short: "Run the emulated services in the foreground, and say how to point at them",
		Long: `Run the emulated services in the foreground: the GoPro cloud, its CDN, Google
OAuth and Google Photos, on loopback ports. They are as strict as the real ones.
What to set to use them is printed; Ctrl-C ends them.`,
		Example: `  gondola emulate
  gondola emulate --library many:1000 --dir ./emulated --json
  gondola emulate --account anna --account ben=many:20 --dir ./emulated`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.emulate(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.library, "library", "demo", "what the GoPro account holds, a `LIBRARY`: demo, mixed, many:N small files, or large:SIZE, such as large:2G")
	flags.StringSliceVar(&f.accounts, "account", nil, "a further account at both services, `NAME` or NAME=LIBRARY (default many:10), whose credentials are in a directory of that name below --dir; may be repeated")
	flags.StringVar(&f.host, "host", "127.0.0.1", "loopback `ADDRESS` to listen on")
	flags.StringVar(&f.dir, "dir", "", "put client_secret.json and token.json into this `DIRECTORY`, where only an emulator's are replaced (default: a temporary one, removed at the end)")
	flags.BoolVar(&f.fast, "fast", false, "videos are ready at once, and writes are not limited to 30 a minute")
	must(cmd.MarkFlagDirname("dir"))
	must(cmd.RegisterFlagCompletionFunc("library", cobra.FixedCompletions([]cobra.Completion{"demo", "mixed", "many:", "large:"},
		cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)))
	must(cmd.RegisterFlagCompletionFunc("account", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("host", cobra.NoFileCompletions))
	return cmd
}

func (a *app) emulate(ctx context.Context, f emulateFlags) (err error) {
	library, err := parseLibrary(f.library, librarySeed)
	if err != nil {
		return fmt.Errorf("--library: %w", err)
	}
	accounts, err := parseAccounts(f.accounts)
	if err != nil {
		return err
	}
	if err := checkLoopback(f.host); err != nil {
		return err
	}
	dir, err := credentialsDir(f.dir)
	if err != nil {
		return err
	}
	if f.dir == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	services, err := startServices(emulator.Options{
		Library: library, Accounts: accounts, GoPro: emulator.GoProOptions{Albums: sampleAlbums(library)}, Google: googleOptions(f.fast),
	}, f.host, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.close()) }()
	a.announceServices(services)
	if err := a.stdout.Failure(); err != nil {
		return err
	}
	<-ctx.Done()
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return errEnded
	}
	return nil
}

// sampleAlbums are two albums that share one medium of a library; of a library of fewer
// than three media, none.
func sampleAlbums(l emulator.Library) []emulator.GoProAlbum {
	ids := make([]string, 0, 8)
	for _, m := range l[:min(len(l), cap(ids))] {
		ids = append(ids, m.ID)
	}
	if len(ids) < 3 {
		return nil
	}
	half := len(ids) / 2
	return []emulator.GoProAlbum{{Title: "Alps", Media: ids[:half+1]}, {Title: "Best of", Media: ids[half:]}}
}

// checkLoopback keeps the emulated services, which hand out credentials to
// any client that asks, on this machine.
func checkLoopback(host string) error {
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return usagef("--host %q: an address of this machine's loopback is expected, such as 127.0.0.1 or ::1", host)
}

func googleOptions(fast bool) emulator.GoogleOptions {
	if !fast {
		return emulator.GoogleOptions{}
	}
	return emulator.GoogleOptions{ProcessingTime: -1, WritesPerMinute: 1 << 20}
}

// credentialsDir returns dir, or a new temporary directory.
func credentialsDir(dir string) (string, error) {
	if dir != "" {
		return filepath.Abs(dir)
	}
	return os.MkdirTemp("", "gondola-emulator-")
}

// librarySeed makes generated libraries the same in every run.
const librarySeed = 1

// parseLibrary reads what the name of a library means.
func parseLibrary(text string, seed uint64) (emulator.Library, error) {
	kind, amount, _ := strings.Cut(text, ":")
	switch kind {
	case "demo":
		return emulator.Demo(), nil
	case "mixed":
		return emulator.Mixed(seed), nil
	case "many":
		if n, err := strconv.Atoi(amount); err == nil && n >= 0 && n <= 10_000_000 {
			return emulator.Many(n, seed), nil
		}
	case "large":
		if n, err := parseSize(amount); err == nil {
			return emulator.Large(n), nil
		}
	}
	return nil, usagef("%q: demo, mixed, many:N or large:SIZE is expected", text)
}

// parseSize reads a number of bytes with a binary suffix, such as 512M.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "kKMGTiB")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 {
		return 0, errors.New("a number of bytes is expected")
	}
	shift, ok := map[string]uint{"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}[strings.TrimSuffix(strings.ToLower(text[len(digits):]), "ib")]
	if !ok || n > 1<<50>>shift {
		return 0, errors.New("a suffix k, M, G or T is expected, and at most 1024T")
	}
	return n << shift, nil
}

// services are the emulated services on loopback ports.
type services struct {
	emulator *emulator.Emulator
	server   *emulator.Server
	environ  []string // points gondola at them
	accounts []accountLine
}

func startServices(o emulator.Options, host, dir string) (*services, error) {
	e, err := emulator.New(o)
	if err != nil {
		return nil, err
	}
	s := &services{emulator: e}
	if s.server, err = e.Listen(host); err != nil {
		return nil, errors.Join(usagef("--host %s: %w", host, err), e.Close())
	}
	if s.environ, err = e.Environ(dir); err != nil {
		if errors.Is(err, emulator.ErrForeignFile) {
			err = usagef("%w; name another directory with --dir, or none", err)
		}
		return nil, errors.Join(err, s.close())
	}
	if s.accounts, err = writeAccounts(e, dir); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *services) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return errors.Join(s.server.Close(ctx), s.emulator.Close())
}

// servicesLine says in JSON how to reach the services.
type servicesLine struct {
	Type        string            `json:"type"`
	Env         map[string]string `json:"env"`
	GoProURL    string            `json:"gopro_url"`
	CDNURL      string            `json:"cdn_url"`
	PhotosURL   string            `json:"gphotos_url"`
	OAuthURL    string            `json:"oauth_url"`
	BytesURL    string            `json:"bytes_url"`
	ControlURL  string            `json:"control_url"`
	PageURL     string            `json:"page_url"`
	GoProToken  string            `json:"gopro_token"` // of the emulated account
	Credentials string            `json:"credentials"`
	Token       string            `json:"token"` // path of token.json
	Accounts    []accountLine     `json:"accounts,omitempty"`

	environ []string // NAME=VALUE, in order
}

// newServicesLine returns what a client has to know of the services.
func newServicesLine(s *services) servicesLine {
	env := map[string]string{}
	for _, setting := range s.environ {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	return servicesLine{
		Type: "emulator", Env: env,
		GoProURL: s.server.GoProURL, CDNURL: s.server.CDNURL, PhotosURL: s.server.PhotosURL,
		OAuthURL: s.server.OAuthURL, BytesURL: s.server.BytesURL,
		ControlURL: s.server.ControlURL, PageURL: s.server.ControlURL + "/",
		GoProToken: env["GP_ACCESS_TOKEN"], Credentials: env["GONDOLA_CREDENTIALS"], Token: env["GONDOLA_TOKEN"],
		Accounts: s.accounts, environ: s.environ,
	}
}

// TSV implements [render.Result].
func (l servicesLine) TSV(w io.Writer) {
	for _, setting := range l.environ {
		name, value, _ := strings.Cut(setting, "=")
		row(w, name, value)
	}
}

// Text implements [render.Result].
func (l servicesLine) Text(w io.Writer) {
	for _, setting := range l.environ {
		name, value, _ := strings.Cut(setting, "=")
		fmt.Fprintf(w, "export %s=%s\n", name, quoted(value))
	}
}

func (a *app) announceServices(s *services) {
	a.print.Print(newServicesLine(s))
	fmt.Fprintf(a.talk(), "The emulated services are up. Set the variables above, then: gondola sync\n"+
		"What lies in the emulated Google Photos: %s/\n", s.server.ControlURL)
	announceAccounts(a.talk(), s.accounts)
	fmt.Fprintln(a.talk(), "Ctrl-C ends them.")
}
