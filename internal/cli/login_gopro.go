package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/stations"
)

const goproSteps = `GoPro has no sign-in for programs: Gondola uses the token of your browser.

  1. Sign in at https://gopro.com/media-library/ in a browser.
  2. Open its developer tools (F12), then either
     - Application or Storage, Cookies, https://gopro.com: copy the value of gp_access_token, or
     - Network, any request to api.gopro.com: "Copy as cURL".
  3. Paste it here and press Enter.

The token is good for some hours up to a few days; nobody can say in advance.
Gondola only reads with it, and stores it readable by you alone.

`

func newLoginGoPro(a *app) *cobra.Command {
	var g stations.GoPro
	var name string
	kind, _ := known.Kind(gopro.Scheme)
	cmd := &cobra.Command{
		Use:   "gopro",
		Short: "Store the GoPro token of your browser, read from standard input",
		Long: `Store the GoPro token of your browser. Standard input is a bare token, a Cookie
header, a row of the browser's cookie table, a cookie export (JSON or
cookies.txt), or a whole request copied as cURL. The token is checked at once, stored
readable by you alone, and never shown.`,
		Example: `  gondola login gopro
  pbpaste | gondola login gopro
  gondola login gopro --profile anna`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.loginGoPro(cmd.Context(), &g, name) },
	}
	g.AddFlags(cmd)
	addProfile(a, cmd, &name, kind)
	return cmd
}

func (a *app) loginGoPro(ctx context.Context, g *stations.GoPro, name string) error {
	e := a.env()
	store, err := g.Store(e, name)
	if err != nil {
		return err
	}
	if err := g.CheckCredential(e, config.NewSecret("", "standard input")); err != nil {
		return err
	}
	text, err := a.readPaste(ctx)
	if err != nil {
		return err
	}
	token, err := gopro.ParseToken(text)
	if err != nil {
		return &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "read standard input", Err: err,
			Hint: "run gondola login gopro on a terminal to see where the token is found"}
	}
	a.secrets.learn(token)
	client, err := g.Client(e, config.NewSecret(token, "standard input"), stations.Hurried)
	if err != nil {
		return err
	}
	account, err := client.User(ctx)
	if err != nil {
		return err
	}
	where, err := store(token)
	if err != nil {
		return err
	}
	a.reportGoProLogin(account, name, where)
	return nil
}

func (a *app) reportGoProLogin(account gopro.Account, name, where string) {
	if a.format == formatJSON {
		a.json(loginLine{
			loginHead: loginHead{Type: "login", Service: "gopro", Profile: name, Valid: true, From: where},
			members:   stations.GoProMembers{Items: account.Items, Bytes: account.Bytes},
		})
	}
	fmt.Fprintf(a.talk(), "GoPro accepts the token. The library holds %s, %s.\nStored in %s.\n",
		count(account.Items, "item"), size(account.Bytes), where)
	if name != "" {
		return
	}
	if used, err := a.sources.GoProToken(); err == nil && used.From != where {
		fmt.Fprintf(a.screen, "Note: %s is set and wins over the stored token.\n", used.From)
	}
}

// readPaste reads what a person pasted: on a terminal up to the end of the line
// (a copied cURL command continues its lines), otherwise everything.
func (a *app) readPaste(ctx context.Context) (string, error) {
	terminal := isTerminal(a.stdin)
	if terminal {
		fmt.Fprint(a.screen, goproSteps)
	}
	type answer struct {
		text string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		if terminal {
			text, err := readContinued(a.stdin)
			read <- answer{text, err}
			return
		}
		data, err := io.ReadAll(io.LimitReader(a.stdin, maxPaste+1))
		read <- answer{string(data), err}
	}()
	select {
	case got := <-read:
		if len(got.text) > maxPaste {
			return "", errors.New("standard input is longer than 256 KiB, which no token is")
		}
		return got.text, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// maxPaste bounds what is read from standard input, in bytes.
const maxPaste = 256 << 10

// readContinued reads a line, and further ones while it is continued as in a
// shell, or while a document in JSON or a cookies.txt goes on: what is left of a
// paste would go to the shell.
func readContinued(r io.Reader) (string, error) {
	scanner := bufio.NewScanner(io.LimitReader(r, maxPaste+1))
	scanner.Buffer(nil, maxPaste+1)
	var text strings.Builder
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		text.WriteString(line + "\n")
		if line != "" && !continued(text.String(), line) {
			break
		}
	}
	return text.String(), scanner.Err()
}

// continued reports whether a pasted text goes on after its last line.
func continued(text, last string) bool {
	switch text = strings.TrimLeft(text, "\ufeff \t\n"); {
	case strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{"):
		return !strings.ContainsAny(last[len(last)-1:], "]}") || !json.Valid([]byte(text))
	case strings.HasPrefix(text, "#"):
		return !strings.Contains(last, "gp_access_token")
	}
	return strings.ContainsAny(last[len(last)-1:], "\\^`")
}
