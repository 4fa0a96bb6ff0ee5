package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
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
	f.add(cmd, known.Filter(registry.Kind.HasAccount))
	return cmd
}

// login is the credentials of one profile, and what came of asking for them.
type login struct {
	registry.Login
	kind    registry.Kind
	profile string
}

func (a *app) loginStatus(ctx context.Context, f *serviceFlags) error {
	a.print.Heading("service", "valid", "from", "until", "reason", "profile")
	width := a.loginWidth(f)
	var worst error
	for l, err := range a.logins(ctx, f) {
		if err != nil {
			return err
		}
		a.print.Print(a.newLoginReport(l, width))
		if worst == nil || l.Err != nil && exitCode(worst) != exitAuth && exitCode(l.Err) == exitAuth {
			worst = l.Err
		}
	}
	return reported(worst)
}

// loginWidth returns how wide the widest label of a login is.
func (a *app) loginWidth(f *serviceFlags) (width int) {
	for kind, account := range f.accounts() {
		names, _ := a.checking().Logins(kind, account) // logins reports the error
		for _, name := range names {
			width = max(width, len(loginLabel(kind.Login, name)))
		}
	}
	return width
}

// loginLabel names a login: "gopro", or "gopro@anna" for a profile.
func loginLabel(service, profile string) string {
	if profile == "" {
		return service
	}
	return service + "@" + profile
}

// logins yields the credentials of every profile of every kind of station. It ends
// with the error of a setting that makes no sense.
func (a *app) logins(ctx context.Context, f *serviceFlags) func(yield func(login, error) bool) {
	return func(yield func(login, error) bool) {
		for kind, account := range f.accounts() {
			names, err := a.checking().Logins(kind, account)
			if err != nil {
				yield(login{}, err)
				return
			}
			for _, name := range names {
				checked, err := account.Check(ctx, a.checking(), name)
				if !yield(login{checked, kind, name}, err) || err != nil {
					return
				}
			}
		}
	}
}

// loginReport is a login as it is printed.
type loginReport struct {
	loginLine
	of    login
	width int // of the labels
}

func (a *app) newLoginReport(l login, width int) loginReport {
	line := loginLine{
		loginHead: loginHead{Type: "login", Service: l.kind.Login, Profile: l.profile, Valid: l.Err == nil, From: l.From},
		members:   l.Members,
	}
	if l.Err != nil {
		d := describe(l.Err, func(text string) string { return a.redact(l.named(text)) })
		line.tail.Error = &d
	}
	return loginReport{line, l, width}
}

// named names the profile in the login commands of a text.
func (l login) named(text string) string { return l.kind.Named(text, l.profile) }

// TSV implements [render.Result].
func (r loginReport) TSV(w io.Writer) {
	reason, until := "", ""
	if r.tail.Error != nil {
		reason = r.tail.Error.Message
	}
	if !r.of.Until.IsZero() {
		until = r.of.Until.UTC().Format(time.RFC3339)
	}
	row(w, r.Service, r.Valid, r.From, until, reason, r.Profile)
}

// Text implements [render.Result].
func (r loginReport) Text(w io.Writer) {
	line := func(label, text string) { fmt.Fprintf(w, "%-*s  %s\n", r.width, label, text) }
	label := loginLabel(r.Service, r.Profile)
	if failure := r.tail.Error; failure == nil {
		line(label, "valid: "+r.of.What)
	} else {
		line(label, "not valid: "+cell(failure.Message))
		if failure.Hint != "" {
			line("", failure.Hint)
		}
	}
	for _, note := range r.of.Notes {
		line("", cell(r.of.named(note)))
	}
}

// loginLine is a login in JSON: the members that each service has, and its own.
type loginLine struct {
	loginHead
	members any
	tail    loginTail
}

type loginHead struct {
	Type    string `json:"type"`
	Service string `json:"service"`
	Profile string `json:"profile,omitempty"`
	Valid   bool   `json:"valid"`
	From    string `json:"from,omitempty"`
}

type loginTail struct {
	Error *errorObject `json:"error,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (l loginLine) MarshalJSON() ([]byte, error) { return joined(l.loginHead, l.members, l.tail) }

// joined returns one JSON object with the members of several; nil has none.
func joined(objects ...any) ([]byte, error) {
	line := []byte{'{'}
	for _, object := range objects {
		data, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		if members := data[1 : len(data)-1]; object != nil && len(members) > 0 {
			if len(line) > 1 {
				line = append(line, ',')
			}
			line = append(line, members...)
		}
	}
	return append(line, '}'), nil
}
