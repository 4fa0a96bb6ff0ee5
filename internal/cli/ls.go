package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/media"
)

func newList(a *app) *cobra.Command {
	var pick selectFlags
	var services serviceFlags
	cmd := &cobra.Command{
		Use:   "ls STATION",
		Short: "List what is at a station",
		Long: `List what is at a station: gopro: lists the library, one line per file that a
sync would carry, with the reason where it would not; gphotos: lists what
was created under your OAuth project, which is all that Google lets programs see.`,
		Example: `  gondola ls gopro: --start 2026-01 --type video
  gondola ls gphotos: --json`,
		Args: arguments(1, 1),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeStations(cmd, known), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.list(cmd.Context(), args[0], &pick, &services)
		},
	}
	pick.add(cmd)
	services.add(cmd, known)
	services.addQuality(cmd)
	return cmd
}

func (a *app) list(ctx context.Context, stationURI string, pick *selectFlags, services *serviceFlags) error {
	if _, err := known.Parse(stationURI); err != nil {
		return err
	}
	window, filter, err := pick.resolve(stationURI, a.now())
	if err != nil {
		return err
	}
	source, refuse, err := a.openList(ctx, stationURI, services)
	if err != nil {
		return err
	}
	rows := a.newRows()
	taken := 0
	for item, err := range source.List(ctx, window) {
		if err != nil {
			return err
		}
		if item = item.Bounded(); !filter.Match(item) {
			continue
		}
		if filter.MaxItems > 0 && taken == filter.MaxItems {
			break
		}
		taken++
		if item.Refusal == nil {
			item.Refusal = refuse(item)
		}
		rows.add(item)
		if err := a.stdout.Failure(); err != nil {
			return err
		}
	}
	rows.end()
	return nil
}

// rows writes the items of a station in the chosen format.
type rows struct {
	a       *app
	items   int
	bytes   int64
	refused int
}

func (a *app) newRows() *rows {
	r := &rows{a: a}
	if a.print.Format == render.TSV {
		row(a.stdout, "key", "file_name", "bytes", "captured_at", "kind", "type", "refusal")
	}
	return r
}

// listedLine is an item of a station in JSON.
type listedLine struct {
	Type       string         `json:"type"`
	Key        string         `json:"key"`
	Name       string         `json:"name"`
	Bytes      *int64         `json:"bytes,omitempty"` // absent if unknown
	Kind       media.Kind     `json:"kind,omitempty"`
	MIME       string         `json:"mime,omitempty"`
	MediaType  string         `json:"media_type,omitempty"`
	Width      int            `json:"width,omitempty"`
	Height     int            `json:"height,omitempty"`
	Camera     string         `json:"camera,omitempty"`
	CapturedAt time.Time      `json:"captured_at,omitzero"`
	Refusal    *media.Refusal `json:"refusal,omitempty"`
}

func (r *rows) add(it media.Item) {
	r.items++
	r.bytes += max(it.Size, 0)
	why, captured := "", ""
	if it.Refusal != nil {
		r.refused++
		why = it.Refusal.Reason
	}
	if !it.CapturedAt.IsZero() {
		captured = it.CapturedAt.UTC().Format(time.RFC3339)
	}
	switch r.a.print.Format {
	case render.JSON:
		line := listedLine{
			Type: "item", Key: it.ID.Key(), Name: it.Name, Kind: it.Kind, MIME: it.MIME, MediaType: it.Type,
			Width: it.Width, Height: it.Height, Camera: it.Camera, CapturedAt: it.CapturedAt.UTC(), Refusal: it.Refusal,
		}
		if it.Size != media.SizeUnknown {
			line.Bytes = &it.Size
		}
		r.a.json(line)
	case render.TSV:
		row(r.a.stdout, it.ID.Key(), it.Name, it.Size, captured, it.Kind, it.Type, why)
	default:
		r.text(it, captured, why)
	}
}

var listedWidths = []int{40, 12, 20, 14} // name, size, captured, type

func (r *rows) text(it media.Item, captured, why string) {
	if r.items == 1 {
		columns(r.a.stdout, listedWidths, "NAME", "SIZE", "CAPTURED", "TYPE", "NOT CARRIED BECAUSE")
	}
	columns(r.a.stdout, listedWidths, it.Name, size(it.Size), captured, it.Type, why)
}

func (r *rows) end() {
	fmt.Fprintf(r.a.talk(), "%s, %s, %d of them refused\n", count(r.items, "item"), size(r.bytes), r.refused)
}
