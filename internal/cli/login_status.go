package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/config"
)

func newLoginStatus(a *app) *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which credentials are valid, and until when",
		Long: `Say which credentials are valid, and until when, by asking both services. The
exit code is 4 if something needed is missing or expired.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.loginStatus(cmd.Context(), &f) },
	}
	f.add(cmd)
	return cmd
}

func (a *app) loginStatus(ctx context.Context, f *serviceFlags) error {
	if a.format == formatTSV {
		row(a.stdout, "service", "valid", "from", "until", "reason")
	}
	pair, err := a.googlePair(f)
	if err != nil {
		return err
	}
	goproErr := a.goproStatus(ctx, f)
	if isUsage(goproErr) {
		return goproErr
	}
	googleErr := a.googleStatus(ctx, pair)
	if goproErr == nil || exitCode(googleErr) == exitAuth {
		return told(googleErr)
	}
	return told(goproErr)
}

func (a *app) goproStatus(ctx context.Context, f *serviceFlags) error {
	token, err := a.goproToken(f)
	line := goproLine{Type: "login", Service: "gopro", From: token.From}
	if err == nil {
		line.Items, line.Bytes, err = a.askGoPro(ctx, f, token)
	}
	if isUsage(err) {
		return err
	}
	line.Valid = err == nil
	reason := ""
	if err != nil {
		d := describe(err, a.redact)
		line.Error, reason = &d, d.Message
	}
	switch a.format {
	case formatJSON:
		a.json(line)
	case formatTSV:
		row(a.stdout, "gopro", line.Valid, line.From, "", reason)
	default:
		if line.Valid {
			fmt.Fprintf(a.stdout, "gopro   valid: %s, %s (token from %s; GoPro does not tell its end)\n",
				count(line.Items, "item"), size(line.Bytes), line.From)
		} else {
			a.notValid("gopro", line.Error)
		}
	}
	return err
}

// googleLine is what is known about access to Google Photos, in JSON.
type googleLine struct {
	Type    string `json:"type"`
	Service string `json:"service"`
	Valid   bool   `json:"valid"`
	From    string `json:"from"`
	auth.Status
	Error *errorObject `json:"error,omitempty"`
}

func (a *app) googleStatus(ctx context.Context, pair config.Pair) error {
	line := googleLine{Type: "login", Service: "google", From: pair.Token}
	login, err := a.readGoogle(pair)
	if err == nil {
		line.Status, err = auth.NewTokens(login).Status(ctx, true)
	}
	line.Valid = err == nil
	reason := ""
	if err != nil {
		d := describe(err, a.redact)
		line.Error, reason = &d, d.Message
	}
	switch a.format {
	case formatJSON:
		a.json(line)
	case formatTSV:
		until := ""
		if !line.RefreshExpiry.IsZero() {
			until = line.RefreshExpiry.UTC().Format(time.RFC3339)
		}
		row(a.stdout, "google", line.Valid, line.From, until, reason)
	default:
		a.googleStatusText(line)
	}
	return err
}

func (a *app) googleStatusText(line googleLine) {
	if !line.Valid {
		a.notValid("google", line.Error)
	} else {
		until := "Google names no end"
		if !line.RefreshExpiry.IsZero() {
			until = "until " + line.RefreshExpiry.Local().Format(time.DateTime)
		}
		fmt.Fprintf(a.stdout, "google  valid: account %s, %s (tokens in %s)\n", gphotos.Scheme+":"+line.Account, until, line.From)
	}
	for _, warning := range line.Warnings {
		fmt.Fprintf(a.stdout, "        %s\n", cell(warning))
	}
}

func (a *app) notValid(service string, e *errorObject) {
	fmt.Fprintf(a.stdout, "%-7s not valid: %s\n", service, cell(e.Message))
	if e.Hint != "" {
		fmt.Fprintf(a.stdout, "        %s\n", e.Hint)
	}
}
