package stations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/human"
)

const googleSteps = `Google Photos wants an OAuth client of your own. It is free and takes some minutes, once:

  1. https://console.cloud.google.com/projectcreate
     Create a project, with any name.
  2. https://console.cloud.google.com/apis/library/photoslibrary.googleapis.com
     Enable the "Photos Library API" in it.
  3. https://console.cloud.google.com/auth/overview
     Configure the consent screen: user type "External", your own address for contact.
  4. https://console.cloud.google.com/auth/audience
     Publish the app: "In production". Do this before you log in: while an app is
     "Testing", Google ends every login after 7 days, and one made then keeps
     that end. A verification is not needed for your own use; Google shows a warning
     page, where "Advanced" leads on.
  5. https://console.cloud.google.com/auth/clients
     Create a client of type "Desktop app" and download its JSON file. Google shows the
     secret only now.
  6. Save the file as %s
     and run %s again.

`

// LoginHelp implements [app.SignIn].
func (g *GPhotos) LoginHelp() app.Help {
	return app.Help{
		Short: "Ask for the right to add to Google Photos, and store the tokens",
		Long: `Ask for the right to add to Google Photos, and store the tokens. Open the page
that is shown in a browser on this machine; with --headless in a browser on any
machine, and paste the address that it ends on.

Without an OAuth client, it shows step by step how to create one.`,
		Example: `  gondola login google
  gondola login google --headless
  gondola login google --profile family`,
	}
}

// AddLoginFlags implements [app.SignIn].
func (g *GPhotos) AddLoginFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&g.headless, "headless", false, "the browser is on another machine: paste the address it ends on")
}

// LogIn implements [app.SignIn].
func (g *GPhotos) LogIn(ctx context.Context, e *app.Env, t app.Terminal, name string) (*app.LoggedIn, error) {
	base, err := g.endpoint()
	if err != nil {
		return nil, err
	}
	files, err := g.newFiles(e, name)
	if err != nil {
		return nil, err
	}
	cfg, err := files.read(e)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(t.Talk, googleSteps, files.Client, gphotosKind().LoginCommand(name))
		}
		return nil, err
	}
	login := auth.Login{Config: cfg, Probe: probe(e, cfg.Store, base)}
	var result *auth.Result
	if g.headless {
		result, err = login.Paste(ctx, auth.Prompt(t.In, t.Screen))
	} else {
		result, err = login.Loopback(ctx, func(url string) error { return showAuthorization(t, url) })
	}
	if err != nil {
		return nil, err
	}
	return loggedIn(result, files.where()), nil
}

func showAuthorization(t app.Terminal, url string) error {
	t.Event(map[string]string{"type": "authorize", "url": url})
	_, err := fmt.Fprintf(t.Screen, "Open this page in a browser on this machine and allow access:\n\n%s\n\n"+
		"Waiting for the answer. If the browser is elsewhere, stop and use --headless.\n", url)
	return err
}

// googleMembers are the JSON members of a login that was just made.
type googleMembers struct {
	Account     string    `json:"account"`
	SameAccount bool      `json:"same_account"`
	Granted     []string  `json:"granted"`
	Missing     []string  `json:"missing,omitempty"`
	Until       time.Time `json:"until,omitzero"`
	Notices     []string  `json:"notices,omitempty"`
}

func loggedIn(r *auth.Result, where string) *app.LoggedIn {
	lines := []string{fmt.Sprintf("Google granted access to account %s. Stored in %s.", gphotos.Scheme+":"+r.Account, where)}
	if !r.Until.IsZero() {
		lines = append(lines, fmt.Sprintf("It ends on %s.", human.Time(r.Until)))
	}
	return &app.LoggedIn{
		From:    where,
		Members: googleMembers{r.Account, r.SameAccount, r.Granted, r.Missing, r.Until.UTC(), r.Notices},
		Text:    strings.Join(append(lines, r.Notices...), "\n"),
	}
}

// probe returns a function that reports whether a new token opens the account of
// the stored credentials: whether it finds the item that they remember.
func probe(e *app.Env, store *auth.Store, base string) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, token string) (bool, error) {
		saved, err := store.Load()
		if err != nil || saved.Probe == "" {
			return false, err
		}
		client, err := gphotos.NewClient(gphotos.Options{BaseURL: base, Tokens: oneToken(token), Logger: e.Log, UserAgent: e.UserAgent})
		if err != nil {
			return false, err
		}
		_, err = client.Get(ctx, saved.Probe)
		if fault.ClassOf(err) == fault.Item {
			return false, nil
		}
		return err == nil, err
	}
}

// oneToken is an access token that is never renewed.
type oneToken string

// Token implements [gphotos.TokenSource].
func (t oneToken) Token(context.Context) (string, error) { return string(t), nil }

// Invalidate implements [gphotos.TokenSource].
func (oneToken) Invalidate(string) {}
