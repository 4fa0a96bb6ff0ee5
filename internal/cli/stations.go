package cli

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	stations "github.com/gondola-sync/gondola/internal/app"
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

// parseStation returns what the URI of a station means; a usage error, if it is
// no station of this version.
func parseStation(text string) (stations.URI, error) {
	uri, err := stations.ParseURI(text)
	switch {
	case err == nil && (uri.Scheme == gopro.Scheme || uri.Scheme == gphotos.Scheme):
		return uri, checkPath(uri)
	case strings.Contains(text, "@") && err != nil:
		return uri, &usageError{err}
	case strings.ContainsAny(text, `/\`) || strings.HasPrefix(text, "."):
		return uri, usagef("%q: folders are no stations of this version; it knows %s and %s", text, stationGoPro, stationGPhotos)
	}
	near := suggest.DidYouMean(strings.TrimRight(text, ":")+":", stationGoPro, stationGPhotos)
	return uri, usagef("%q is no station; this version knows %s and %s%s", text, stationGoPro, stationGPhotos, near)
}

// checkPath returns a usage error for a station of which more is named than its
// account.
func checkPath(uri stations.URI) error {
	if uri.Path == "" {
		return nil
	}
	return usagef("%q: a part of a station is not supported yet: write %s", uri, uri.Station())
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
	source, err := parseStation(from)
	if err != nil {
		return "", "", err
	}
	destination, err := parseStation(to)
	if err != nil {
		return "", "", err
	}
	switch {
	case from == to:
		return "", "", usagef("both stations are %q: there is nothing to carry", from)
	case source.Scheme != gopro.Scheme || destination.Scheme != gphotos.Scheme:
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

// openGoPro returns the GoPro cloud as a station, in the quality asked for.
func (a *app) openGoPro(ctx context.Context, at string, f *serviceFlags, quality string, onWait func(fault.Wait)) (*gopro.Source, error) {
	uri, err := parseStation(at)
	if err != nil {
		return nil, err
	}
	token, err := a.goproToken(ctx, f, uri.Profile)
	if err != nil {
		return nil, err
	}
	client, err := a.goproClient(f, token, gopro.Options{OnWait: onWait})
	if err != nil {
		return nil, err
	}
	source, err := gopro.NewSource(client, gopro.SourceOptions{Quality: quality, Name: uri.Station()})
	if err != nil {
		return nil, fmt.Errorf("--quality: %w", err)
	}
	return source, nil
}

// goproClient completes the options of a client.
func (a *app) goproClient(f *serviceFlags, token config.Secret, o gopro.Options) (*gopro.Client, error) {
	base, err := endpoint("--gopro-url", f.goproURL)
	if err != nil {
		return nil, err
	}
	o.BaseURL, o.Token, o.Logger, o.UserAgent = base, token.Reveal(), a.log, userAgent()
	return gopro.NewClient(o)
}

// openGPhotos returns Google Photos as a station, and where its tokens are.
func (a *app) openGPhotos(at string, f *serviceFlags, multiplier int, onWait func(fault.Wait)) (*gphotos.Destination, *auth.Store, error) {
	uri, err := parseStation(at)
	if err != nil {
		return nil, nil, err
	}
	base, err := endpoint("--gphotos-url", f.gphotosURL)
	if err != nil {
		return nil, nil, err
	}
	files, err := a.googleFiles(f, uri.Profile)
	if err != nil {
		return nil, nil, err
	}
	login, err := a.readGoogle(files)
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
		Name: uri.Station(),
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
func (a *app) openLister(ctx context.Context, uri stations.URI, f *serviceFlags) (source lister, refuse func(media.Item) *media.Refusal, err error) {
	if uri.Scheme == gphotos.Scheme {
		source, _, err := a.openGPhotos(uri.String(), f, 0, a.waits.announce)
		return source, func(media.Item) *media.Refusal { return nil }, err
	}
	quality, err := f.wanted(a.origins)
	if err != nil {
		return nil, nil, err
	}
	source, err = a.openGoPro(ctx, uri.String(), f, quality, a.waits.announce)
	return source, new(gphotos.Destination).Refuse, err
}
