package cli

import (
	"context"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/suggest"
	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
)

// The stations of this version.
const (
	stationGoPro   = "gopro:"
	stationGPhotos = "gphotos:"
)

var knownStations = []cobra.Completion{
	cobra.CompletionWithDesc(stationGoPro, "the GoPro cloud"),
	cobra.CompletionWithDesc(stationGPhotos, "Google Photos"),
}

// checkStation returns a usage error for what is no station of this version.
func checkStation(name string) error {
	switch {
	case name == stationGoPro || name == stationGPhotos:
		return nil
	case strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, "."):
		return usagef("%q: folders are no stations of this version; it knows %s and %s", name, stationGoPro, stationGPhotos)
	}
	near := suggest.DidYouMean(strings.TrimRight(name, ":")+":", stationGoPro, stationGPhotos)
	return usagef("%q is no station; this version knows %s and %s%s", name, stationGoPro, stationGPhotos, near)
}

// route returns the stations of a sync.
func route(args []string) (from, to string, err error) {
	from, to = stationGoPro, stationGPhotos
	if len(args) == 1 {
		return "", "", usagef("give both stations, FROM and TO, or none, which means %s %s", from, to)
	}
	if len(args) == 2 {
		from, to = args[0], args[1]
	}
	for _, stationURI := range []string{from, to} {
		if err := checkStation(stationURI); err != nil {
			return "", "", err
		}
	}
	switch {
	case from == to:
		return "", "", usagef("both stations are %q: there is nothing to carry", from)
	case from != stationGoPro || to != stationGPhotos:
		return "", "", usagef("from %q to %q is not possible: this version carries from %s to %s only", from, to, stationGoPro, stationGPhotos)
	}
	return from, to, nil
}

// endpoint checks the address of a service, and that the proxy for it can be
// used: no command begins that could not reach it.
func endpoint(setting, raw string) (string, error) {
	base, err := config.Endpoint(setting, raw)
	if err != nil {
		return "", err
	}
	return base, transport.Check(base)
}

// openGoPro returns the GoPro client.
func (a *app) openGoPro(f *serviceFlags, onWait func(fault.Wait)) (*gopro.Client, error) {
	token, err := a.goproToken(f)
	if err != nil {
		return nil, err
	}
	return a.goproClient(f, token, gopro.Options{OnWait: onWait})
}

// goproClient completes the options of a client.
func (a *app) goproClient(f *serviceFlags, token config.Secret, o gopro.Options) (*gopro.Client, error) {
	base, err := endpoint("--gopro-url", f.goproURL)
	if err != nil {
		return nil, err
	}
	o.BaseURL, o.Token, o.Logger, o.UserAgent = base, token.Reveal(), a.log, userAgent()
	return gopro.New(o)
}

// openGPhotos returns Google Photos as a station, and where its tokens are.
func (a *app) openGPhotos(f *serviceFlags, multiplier int, onWait func(fault.Wait)) (*gphotos.Destination, *auth.Store, error) {
	base, err := endpoint("--gphotos-url", f.gphotosURL)
	if err != nil {
		return nil, nil, err
	}
	pair, err := a.googlePair(f)
	if err != nil {
		return nil, nil, err
	}
	login, err := a.readGoogle(pair)
	if err != nil {
		return nil, nil, err
	}
	tokens := auth.NewTokens(login)
	photos, err := gphotos.NewClient(gphotos.Options{
		BaseURL:   base,
		Tokens:    tokens,
		Logger:    a.log,
		UserAgent: userAgent(),
		OnWait:    onWait,
		Sizing:    sizing(multiplier),
	})
	if err != nil {
		return nil, nil, err
	}
	destination, err := gphotos.NewDestination(photos, gphotos.DestinationOptions{
		Account: func(ctx context.Context) (string, error) {
			account, err := tokens.Account(ctx)
			return gphotos.Scheme + ":" + account, err
		},
	})
	return destination, login.Store, err
}

// granularity is the piece that Google's upload lengths are multiples of, in bytes.
const granularity = 256 << 10

// sizing returns segments of one fixed length, as q2google sends them, or lets
// them fit the line.
func sizing(multiplier int) resumable.Sizing {
	n := int64(multiplier) * granularity
	return resumable.Sizing{First: n, Min: n, Max: n}
}

// lister is a station that can be listed.
type lister interface {
	List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error]
}

// openLister opens a station for listing; refuse tells what a sync would not
// carry from it.
func (a *app) openLister(stationURI string, f *serviceFlags) (source lister, refuse func(media.Item) *media.Refusal, err error) {
	if stationURI == stationGPhotos {
		source, _, err := a.openGPhotos(f, 0, a.waits.announce)
		return source, func(media.Item) *media.Refusal { return nil }, err
	}
	quality, err := f.wanted(a.origins)
	if err != nil {
		return nil, nil, err
	}
	client, err := a.openGoPro(f, a.waits.announce)
	if err != nil {
		return nil, nil, err
	}
	source, err = newGoProSource(client, quality)
	return source, new(gphotos.Destination).Refuse, err
}
