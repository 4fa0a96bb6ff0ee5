package stations

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
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/human"
)

const goproSteps = `GoPro has no sign-in for programs: Gondola uses the token of your browser.

  1. Sign in at https://gopro.com/media-library/ in a browser.
  2. Open its developer tools (F12), then either
     - Application or Storage, Cookies, https://gopro.com: copy the value of gp_access_token, or
     - Network, any request to api.gopro.com: "Copy as cURL".
  3. Paste it here and press Enter.

The token is good for some hours up to a few days; how long is not known in advance.
Gondola only reads with it, and stores it readable by you alone.

`

// LoginHelp implements [app.SignIn].
func (g *GoPro) LoginHelp() app.Help {
	return app.Help{
		Short: "Store the GoPro token of your browser, read from standard input",
		Long: `Store the GoPro token of your browser. Standard input is a bare token, a Cookie
header, a row of the browser's cookie table, a cookie export (JSON or
cookies.txt), or a whole request copied as cURL. The token is checked at once, stored
readable by you alone, and never shown.`,
		Example: `  gondola login gopro
  pbpaste | gondola login gopro
  gondola login gopro --profile anna`,
	}
}

// AddLoginFlags implements [app.SignIn].
func (g *GoPro) AddLoginFlags(*cobra.Command) {}

// LogIn implements [app.SignIn].
func (g *GoPro) LogIn(ctx context.Context, e *app.Env, t app.Terminal, name string) (*app.LoggedIn, error) {
	store, err := g.store(e, name)
	if err != nil {
		return nil, err
	}
	if err := g.checkCredential(e, config.NewSecret("", "standard input")); err != nil {
		return nil, err
	}
	text, err := readPaste(ctx, t)
	if err != nil {
		return nil, err
	}
	token, err := gopro.ParseToken(text)
	if err != nil {
		return nil, &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "read standard input", Err: err,
			Hint: "run gondola login gopro on a terminal to see where the token is found"}
	}
	e.Learn(token)
	held, err := g.ask(ctx, e, config.NewSecret(token, "standard input"))
	if err != nil {
		return nil, err
	}
	where, err := store(token)
	if err != nil {
		return nil, err
	}
	return &app.LoggedIn{From: where, Members: held, Note: overridden(e, name, where),
		Text: fmt.Sprintf("GoPro accepts the token. The library holds %s, %s.\nStored in %s.",
			human.Count(held.Items, "item"), human.Size(held.Bytes), where)}, nil
}

// overridden says what wins over the stored token of the default profile.
func overridden(e *app.Env, name, where string) string {
	if name != "" {
		return ""
	}
	used, err := e.Sources.GoProToken()
	if err != nil || used.From == where {
		return ""
	}
	return used.From + " is set and wins over the stored token"
}

// readPaste reads what a person pasted: on a terminal up to the end of the line
// (a copied cURL command continues its lines), otherwise everything.
func readPaste(ctx context.Context, t app.Terminal) (string, error) {
	if t.Interactive {
		fmt.Fprint(t.Screen, goproSteps)
	}
	type answer struct {
		text string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		if t.Interactive {
			text, err := readContinued(t.In)
			read <- answer{text, err}
			return
		}
		data, err := io.ReadAll(io.LimitReader(t.In, maxPaste+1))
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
