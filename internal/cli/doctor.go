package cli

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/doctor"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
)

// doctorFlags say what doctor looks at.
type doctorFlags struct {
	state    stateFlags
	services serviceFlags
}

func newDoctor(a *app) *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything a run depends on, and say what helps",
		Long: `Check everything a run depends on: the clock, the disk, who may read credentials
and state, the credentials and how long they live, the services step by step, the
daily quota, the stored sessions, their locks and what interrupted writes left.
Each finding says why it matters and what helps. Nothing is repaired; no check
takes longer than ten seconds.

The exit code is 0 if there is no problem, 4 if logging in mends all there are,
else 1.`,
		Example: `  gondola doctor
  gondola doctor --json | jq 'select(.level == "problem")'`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), &f) },
	}
	f.state.add(cmd)
	f.services.add(cmd, known.Filter(registry.Kind.HasAccount))
	return cmd
}

func (a *app) doctor(ctx context.Context, f *doctorFlags) error {
	checks, err := a.checks(ctx, f)
	if err != nil {
		return err
	}
	findings, err := doctor.Run(ctx, checks, doctor.Options{Waiting: func(names []string) {
		fmt.Fprintln(a.talk(), "still checking: "+strings.Join(names, ", "))
	}})
	if err != nil {
		return err
	}
	for i := range findings {
		f := &findings[i]
		f.What, f.Remedy = a.redact(f.What), a.redact(f.Remedy)
	}
	verdict := verdictOn(findings)
	a.reportFindings(findings, verdict)
	return reported(verdict)
}

// checks are all that doctor looks at. It fails for settings that make no sense.
func (a *app) checks(ctx context.Context, f *doctorFlags) ([]doctor.Check, error) {
	uri, err := f.state.where(a)
	if err == nil {
		err = a.env().CheckStore(uri)
	}
	if err != nil {
		return nil, err
	}
	health, err := a.health(ctx, &f.services)
	if err != nil {
		return nil, err
	}
	files := stores.FilesOf(uri)
	open := func(ctx context.Context) (state.Backend, error) { return a.env().OpenStore(ctx, uri, registry.Looking) }
	checks := []doctor.Check{doctor.Clock(health.services, a.now)}
	if files.Dir != "" {
		checks = append(checks, doctor.Disk(files.Dir), doctor.Writable(files.Dir))
	}
	checks = append(checks, doctor.State(state.Redact(uri), open), doctor.Private(health.files, files.Path))
	checks = append(checks, health.logins...)
	for _, service := range health.services {
		checks = append(checks, doctor.Endpoint(service))
	}
	checks = append(checks, health.more...)
	return append(checks,
		doctor.Sessions(open),
		doctor.Locks(open),
		doctor.Leftovers(files.Temps, health.files, a.now()),
	), nil
}

// health is what doctor looks at for all profiles, each thing once.
type health struct {
	logins, more []doctor.Check
	services     []doctor.Service
	files        []string
}

func (a *app) health(ctx context.Context, f *serviceFlags) (all health, err error) {
	for kind, account := range f.accounts() {
		names, err := a.checking().Logins(kind, account)
		if err != nil {
			return all, err
		}
		for _, name := range names {
			one, err := account.Health(ctx, a.checking(), name)
			if err != nil {
				return all, err
			}
			all.add(one, kind, name)
		}
	}
	return all, nil
}

// add adds the health of a profile.
func (h *health) add(one registry.Health, kind registry.Kind, name string) {
	h.logins = append(h.logins, namedCheck(one.Login, kind, name))
	for _, check := range one.More {
		if !slices.ContainsFunc(h.more, func(c doctor.Check) bool { return c.Name == check.Name }) {
			h.more = append(h.more, check)
		}
	}
	for _, service := range one.Services {
		if !slices.ContainsFunc(h.services, func(s doctor.Service) bool { return sameHost(s.URL, service.URL) }) {
			h.services = append(h.services, service)
		}
	}
	for _, file := range one.Files {
		if file != "" && !slices.Contains(h.files, file) {
			h.files = append(h.files, file)
		}
	}
}

// namedCheck names the profile in the name of a check and in its remedies.
func namedCheck(check doctor.Check, kind registry.Kind, name string) doctor.Check {
	if name == "" {
		return check
	}
	run := check.Run
	return doctor.Check{Name: loginLabel(kind.Login, name) + " login", Run: func(ctx context.Context) []doctor.Finding {
		findings := run(ctx)
		for i := range findings {
			findings[i].Remedy = kind.Named(findings[i].Remedy, name)
		}
		return findings
	}}
}

func sameHost(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Host == y.Host
}
