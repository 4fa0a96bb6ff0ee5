package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/stations"
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

func newLoginGoogle(a *app) *cobra.Command {
	var g stations.GPhotos
	var headless bool
	var name string
	cmd := &cobra.Command{
		Use:   "google",
		Short: "Ask for the right to add to Google Photos, and store the tokens",
		Long: `Ask for the right to add to Google Photos, and store the tokens. Open the page
that is shown in a browser on this machine; with --headless in a browser on any
machine, and paste the address that it ends on.

Without an OAuth client, it shows step by step how to create one.`,
		Example: `  gondola login google
  gondola login google --headless
  gondola login google --profile family`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.loginGoogle(cmd.Context(), &g, name, headless) },
	}
	g.AddFlags(cmd)
	kind, _ := known.Kind(gphotos.Scheme)
	addProfile(a, cmd, &name, kind)
	cmd.Flags().BoolVar(&headless, "headless", false, "the browser is on another machine: paste the address it ends on")
	return cmd
}

func (a *app) loginGoogle(ctx context.Context, g *stations.GPhotos, name string, headless bool) error {
	base, err := g.Endpoint()
	if err != nil {
		return err
	}
	e := a.env()
	files, err := g.NewFiles(e, name)
	if err != nil {
		return err
	}
	cfg, err := files.Read(e)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			kind, _ := known.Kind(gphotos.Scheme)
			fmt.Fprintf(a.talk(), googleSteps, files.Client, kind.LoginCommand(name))
		}
		return err
	}
	login := auth.Login{Config: cfg, Probe: a.probe(cfg.Store, base)}
	var result *auth.Result
	if headless {
		result, err = login.Paste(ctx, auth.Prompt(a.stdin, a.screen))
	} else {
		result, err = login.Loopback(ctx, a.showAuthorization)
	}
	if err != nil {
		return err
	}
	a.reportGoogleLogin(result, name, files.Where())
	return nil
}

func (a *app) showAuthorization(url string) error {
	if a.format == formatJSON {
		a.json(map[string]string{"type": "authorize", "url": url})
	}
	_, err := fmt.Fprintf(a.screen, "Open this page in a browser on this machine and allow access:\n\n%s\n\n"+
		"Waiting for the answer. If the browser is elsewhere, stop and use --headless.\n", url)
	return err
}

func (a *app) reportGoogleLogin(r *auth.Result, name, where string) {
	if a.format == formatJSON {
		a.json(struct {
			Type        string    `json:"type"`
			Service     string    `json:"service"`
			Profile     string    `json:"profile,omitempty"`
			Valid       bool      `json:"valid"`
			From        string    `json:"from"`
			Account     string    `json:"account"`
			SameAccount bool      `json:"same_account"`
			Granted     []string  `json:"granted"`
			Missing     []string  `json:"missing,omitempty"`
			Until       time.Time `json:"until,omitzero"`
			Notices     []string  `json:"notices,omitempty"`
		}{"login", "google", name, true, where, r.Account, r.SameAccount, r.Granted, r.Missing, r.Until.UTC(), r.Notices})
	}
	fmt.Fprintf(a.talk(), "Google granted access to account %s. Stored in %s.\n", gphotos.Scheme+":"+r.Account, where)
	if !r.Until.IsZero() {
		fmt.Fprintf(a.talk(), "It ends on %s.\n", r.Until.Local().Format(time.DateTime))
	}
	for _, notice := range r.Notices {
		fmt.Fprintln(a.talk(), notice)
	}
}

// probe tells whether a new token opens the account of the stored credentials:
// whether it finds the item that they remember.
func (a *app) probe(store *auth.Store, base string) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, token string) (bool, error) {
		saved, err := store.Load()
		if err != nil || saved.Probe == "" {
			return false, err
		}
		client, err := gphotos.NewClient(gphotos.Options{BaseURL: base, Tokens: oneToken(token), Logger: a.log, UserAgent: userAgent()})
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

// oneToken is an access token that nothing renews.
type oneToken string

func (t oneToken) Token(context.Context) (string, error) { return string(t), nil }
func (oneToken) Invalidate(string)                       {}
