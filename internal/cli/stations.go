package cli

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/stations"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// known are the kinds of stations.
var known = stations.All()

// The stations that a sync without arguments means.
var defaultFrom, defaultTo = known.DefaultFrom(), known.DefaultTo()

// env returns what stations need of the invocation.
func (a *app) env() *registry.Env {
	return &registry.Env{
		Sources: a.sources, Origins: a.origins, Profiles: a.profiles, Log: a.log, UserAgent: userAgent(), DotEnvStore: a.dotEnvStore,
		OnWait: a.waits.announce, Learn: a.secrets.learn, Note: a.note, Use: a.use,
	}
}

// checking returns the same for a check of many profiles: waits are not shown,
// and the check names the profile itself.
func (a *app) checking() *registry.Env {
	e := a.env()
	e.OnWait, e.Use = nil, func(profile.ID) {}
	return e
}

// use makes messages name the login command of this profile.
func (a *app) use(id profile.ID) {
	if a.using == nil {
		a.using = map[string]string{}
	}
	a.using[id.Service] = id.Name
}

// withProfiles names the profiles in use in the login commands of a text.
func (a *app) withProfiles(text string) string {
	for _, kind := range known {
		text = kind.Named(text, a.using[kind.Scheme])
	}
	return text
}

// route returns the stations of a sync.
func route(args []string) (from, to string, err error) {
	switch len(args) {
	case 0:
		return defaultFrom, defaultTo, nil
	case 1:
		return "", "", usagef("give both stations, FROM and TO, or none, which means %s %s", defaultFrom, defaultTo)
	}
	if _, _, err := known.Route(args[0], args[1]); err != nil {
		return "", "", err
	}
	return args[0], args[1], nil
}

// completeRoute completes FROM and TO.
func (a *app) completeRoute(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	can := []func(registry.Kind) bool{registry.Kind.IsSource, registry.Kind.IsDestination}
	if len(args) >= len(can) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeStations(cmd, known.Filter(can[len(args)])), cobra.ShellCompDirectiveNoFileComp
}

// completeStations returns the stations of these kinds, with those of profiles.
func (a *app) completeStations(cmd *cobra.Command, kinds registry.Registry) []cobra.Completion {
	all := kinds.Completions()
	for _, kind := range kinds {
		for _, name := range a.profileNames(cmd, kind) {
			all = append(all, cobra.CompletionWithDesc(kind.Scheme+"@"+name+":", kind.About+" of "+name))
		}
	}
	return all
}

// controller opens stations with the values of their flags.
func (a *app) controller(f *serviceFlags) *registry.Controller {
	return &registry.Controller{Kinds: known, Openers: f.openers, Env: a.env()}
}

// openSource opens a station to carry from.
func (a *app) openSource(ctx context.Context, text string, f *serviceFlags, quality string) (station.Source, error) {
	zone, err := f.zone()
	if err != nil {
		return nil, err
	}
	return a.controller(f).Source(ctx, text, registry.SourceOptions{Quality: quality, Zone: zone})
}

// openDestination opens a station to carry to.
func (a *app) openDestination(ctx context.Context, text string, f *serviceFlags, o registry.DestinationOptions) (*registry.OpenDestination, error) {
	return a.controller(f).Destination(ctx, text, o)
}

// openList opens a station for listing; refuse returns why a sync would not carry
// an item from it.
func (a *app) openList(ctx context.Context, text string, f *serviceFlags) (list registry.List, refuse func(media.Item) *media.Refusal, err error) {
	quality, err := f.wanted(a.origins)
	if err != nil {
		return nil, nil, err
	}
	zone, err := f.zone()
	if err != nil {
		return nil, nil, err
	}
	return a.controller(f).List(ctx, text, registry.SourceOptions{Quality: cmp.Or(quality, registry.SourceQuality), Zone: zone})
}
