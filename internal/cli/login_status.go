package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/profile"
)

func newLoginStatus(a *app) *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say which credentials are valid, and until when",
		Long: `Say which credentials are valid, and until when, by asking the services: those of
the default profile, and those of each profile that the config file or a login
knows. The exit code is 4 if something needed is missing or expired; the default
profile of a service is not needed if it has no credentials and others do.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.loginStatus(cmd.Context(), &f) },
	}
	f.add(cmd)
	return cmd
}

func (a *app) loginStatus(ctx context.Context, f *serviceFlags) error {
	goproNames, err := a.logins(gopro.Scheme, func() bool { return a.hasGoPro() })
	if err != nil {
		return err
	}
	googleNames, err := a.logins(gphotos.Scheme, func() bool { return a.hasGoogle(f) })
	if err != nil {
		return err
	}
	if _, err := a.defaultGoogle(f); err != nil {
		return err
	}
	if a.format == formatTSV {
		row(a.stdout, "service", "valid", "from", "until", "reason", "profile")
	}
	var worst error
	for _, name := range goproNames {
		if worst, err = a.worse(worst, a.goproStatus(ctx, f, name)); err != nil {
			return err
		}
	}
	for _, name := range googleNames {
		if worst, err = a.worse(worst, a.googleStatus(ctx, f, name)); err != nil {
			return err
		}
	}
	return told(worst)
}

// worse returns the failure of two that decides the exit code: one of credentials,
// else the first. A usage error ends the command.
func (a *app) worse(before, now error) (worst, usage error) {
	switch {
	case isUsage(now):
		return nil, now
	case before == nil || now != nil && exitCode(before) != exitAuth && exitCode(now) == exitAuth:
		return now, nil
	}
	return before, nil
}

// logins returns the names of a service's profiles to look at, "" for the default
// one, which is left out if it has no credentials and others exist.
func (a *app) logins(service string, hasDefault func() bool) ([]string, error) {
	names, err := a.profiles.Names(service)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || hasDefault() {
		names = append([]string{""}, names...)
	}
	return names, nil
}

// hasGoPro reports whether the default profile has a GoPro token, good or not.
func (a *app) hasGoPro() bool {
	token, err := a.sources.GoProToken()
	return err != nil || !token.IsZero()
}

// hasGoogle reports whether the default profile has Google tokens, good or not.
func (a *app) hasGoogle(f *serviceFlags) bool {
	pair, err := a.sources.Pair(f.credentials, f.token, a.origins)
	if err != nil {
		return true
	}
	_, err = os.Stat(pair.Token)
	return !errors.Is(err, fs.ErrNotExist)
}

func (a *app) goproStatus(ctx context.Context, f *serviceFlags, name string) error {
	a.use(profile.ID{Service: gopro.Scheme, Name: name})
	token, err := a.goproToken(ctx, f, name)
	line := goproLine{Type: "login", Service: "gopro", Profile: name, From: token.From}
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
		row(a.stdout, "gopro", line.Valid, line.From, "", reason, name)
	default:
		label := loginLabel("gopro", name)
		if line.Valid {
			fmt.Fprintf(a.stdout, "%s valid: %s, %s (token from %s; GoPro does not tell its end)\n",
				label, count(line.Items, "item"), size(line.Bytes), line.From)
		} else {
			a.notValid(label, line.Error)
		}
	}
	return err
}

// loginLabel begins the line of a login in text.
func loginLabel(service, name string) string {
	if name != "" {
		service += "@" + name
	}
	return fmt.Sprintf("%-7s", service)
}

// googleLine is what is known about access to Google Photos, in JSON.
type googleLine struct {
	Type    string `json:"type"`
	Service string `json:"service"`
	Profile string `json:"profile,omitempty"`
	Valid   bool   `json:"valid"`
	From    string `json:"from"`
	auth.Status
	Error *errorObject `json:"error,omitempty"`
}

func (a *app) googleStatus(ctx context.Context, f *serviceFlags, name string) error {
	a.use(profile.ID{Service: gphotos.Scheme, Name: name})
	files, err := a.googleFiles(f, name)
	if err != nil {
		return err
	}
	line := googleLine{Type: "login", Service: "google", Profile: name, From: files.where()}
	login, err := a.readGoogle(files)
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
		row(a.stdout, "google", line.Valid, line.From, until, reason, name)
	default:
		a.googleStatusText(line)
	}
	return err
}

func (a *app) googleStatusText(line googleLine) {
	label := loginLabel("google", line.Profile)
	if !line.Valid {
		a.notValid(label, line.Error)
	} else {
		until := "Google names no end"
		if !line.RefreshExpiry.IsZero() {
			until = "until " + line.RefreshExpiry.Local().Format(time.DateTime)
		}
		fmt.Fprintf(a.stdout, "%s valid: account %s, %s (tokens in %s)\n", label, gphotos.Scheme+":"+line.Account, until, line.From)
	}
	for _, warning := range line.Warnings {
		fmt.Fprintf(a.stdout, "        %s\n", cell(a.withProfiles(warning)))
	}
}

func (a *app) notValid(label string, e *errorObject) {
	fmt.Fprintf(a.stdout, "%s not valid: %s\n", label, cell(e.Message))
	if e.Hint != "" {
		fmt.Fprintf(a.stdout, "        %s\n", e.Hint)
	}
}
