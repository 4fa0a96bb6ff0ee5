package stations

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/folder"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Folder opens directories.
type Folder struct {
	layout     string // template
	sidecar    string // format
	links      string // kind
	albumOrder bool
}

func folderKind() app.Kind {
	return app.Kind{
		Scheme: folder.Scheme,
		About:  "a directory",
		Paths:  true,
		New:    func() app.Opener { return new(Folder) },
	}
}

// AddFlags implements [app.Opener]: there are none.
func (*Folder) AddFlags(*cobra.Command) {}

// AddDestinationFlags implements [app.DestinationFlags].
func (f *Folder) AddDestinationFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.layout, "layout", "", "where a folder puts files: a `TEMPLATE` of {year} {month} {day} {name} {stem} {ext} {camera} {album} {medium} {kind} (default {year}/{month}/{name})")
	flags.StringVar(&f.sidecar, "sidecar", "none", "keep what the source knows beyond the bytes beside each file in a folder: a `FORMAT`, none, xmp or json")
	flags.StringVar(&f.links, "links", "", "`KIND` of the links in the albums of a folder: symlink, hardlink or copy (default: the first that the file system has)")
	flags.BoolVar(&f.albumOrder, "album-order", false, "number the links in the albums of a folder by capture time: 0001_NAME")
	noCompletion(cmd, "layout")
	completion(cmd, "sidecar", "none", "xmp", "json")
	completion(cmd, "links", "symlink", "hardlink", "copy")
}

// Layout implements [app.Arranger].
func (f *Folder) Layout() string { return f.layout }

// Source implements [app.Source].
func (*Folder) Source(_ context.Context, _ *app.Env, uri app.URI, o app.SourceOptions) (station.Source, error) {
	if o.Quality != "" && o.Quality != "source" {
		return nil, &config.UsageError{Message: "--quality: a folder has originals only"}
	}
	return folder.NewSource(folder.SourceOptions{Path: uri.Path, Name: uri.String(), Zone: o.Zone})
}

// Destination implements [app.Destination].
func (f *Folder) Destination(_ context.Context, e *app.Env, uri app.URI, o app.DestinationOptions) (*app.OpenDestination, error) {
	options := folder.DestinationOptions{Path: uri.Path, Name: uri.String(), Zone: o.Zone, Deep: o.Deep, AlbumOrder: f.albumOrder, Logger: e.Log}
	var err error
	if layout := cmp.Or(f.layout, o.Layout); layout != "" {
		if options.Layout, err = folder.ParseLayout(layout); err != nil {
			return nil, &config.UsageError{Message: fmt.Sprintf("--layout: %v", err)}
		}
	}
	if options.Sidecar, err = folder.ParseSidecar(f.sidecar); err != nil {
		return nil, &config.UsageError{Message: fmt.Sprintf("--sidecar: %v", err)}
	}
	if options.Links, err = folder.ParseLinks(f.links); err != nil {
		return nil, &config.UsageError{Message: fmt.Sprintf("--links: %v", err)}
	}
	destination, err := folder.NewDestination(options)
	if err != nil {
		return nil, err
	}
	return &app.OpenDestination{Destination: destination}, nil
}

// Refuse implements [app.Destination].
func (*Folder) Refuse(item media.Item) *media.Refusal { return folder.Refuse(item) }

// statuses are the words of a verification.
var statuses = map[folder.State]string{folder.Whole: "verified", folder.Missing: "missing", folder.Changed: "changed"}

// Verify implements [app.Verifier].
func (*Folder) Verify(ctx context.Context, _ *app.Env, uri app.URI, o app.VerifyOptions) (account string, err error) {
	return folder.Verify(ctx, folder.VerifyOptions{Path: uri.Path, Deep: o.Deep, Each: func(f folder.Finding) error {
		return o.Each(app.VerifiedFile{
			Path: f.Entry.Path, Key: f.Entry.Key, Name: f.Entry.Name, SHA256: f.Entry.SHA256, Session: f.Entry.Session,
			Size: f.Entry.Size, Status: statuses[f.State], Reason: f.Reason,
		})
	}})
}
