package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
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
	services.add(cmd, known, registry.AsSource)
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
	rows := a.print.Rows(listing)
	var sum listedSum
	for item, err := range source.List(ctx, window) {
		if err != nil {
			return err
		}
		if item = item.Bounded(); !filter.Match(item) {
			continue
		}
		if filter.MaxItems > 0 && sum.items == filter.MaxItems {
			break
		}
		if item.Refusal == nil {
			item.Refusal = refuse(item)
		}
		sum.add(item)
		rows.Add(newListedLine(item))
		if err := a.stdout.Failure(); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.talk(), sum)
	return nil
}

// listedSum sums up what is listed.
type listedSum struct {
	items   int
	bytes   int64
	unsized int // items of unknown size
	refused int
}

// String implements [fmt.Stringer].
func (n listedSum) String() string {
	if n.items == 0 {
		return count(0, "item")
	}
	text := sized(n.items, n.bytes, n.unsized)
	if n.refused > 0 {
		text += fmt.Sprintf("; %d not carried", n.refused)
	}
	return text
}

func (n *listedSum) add(it media.Item) {
	n.items++
	n.bytes += max(it.Size, 0)
	if it.Size == media.SizeUnknown {
		n.unsized++
	}
	if it.Refusal != nil {
		n.refused++
	}
}

// listing is the table of the items of a station. It is written as it comes.
var listing = render.Table{
	TSV:    []string{"key", "file_name", "bytes", "captured_at", "kind", "type", "refusal"},
	Titles: []string{"NAME", "SIZE", "CAPTURED", "TYPE", "NOT CARRIED BECAUSE"},
	Widths: []int{40, 12, 20, 14},
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

func newListedLine(it media.Item) listedLine {
	line := listedLine{
		Type: "item", Key: it.ID.Key(), Name: it.Name, Kind: it.Kind, MIME: it.MIME, MediaType: it.Type,
		Width: it.Width, Height: it.Height, Camera: it.Camera, CapturedAt: it.CapturedAt.UTC(), Refusal: it.Refusal,
	}
	if it.Size != media.SizeUnknown {
		line.Bytes = &it.Size
	}
	return line
}

// Cells implements [render.Row].
func (l listedLine) Cells() []any {
	return []any{l.Key, l.Name, l.size(), l.captured(), l.Kind, l.MediaType, l.why()}
}

// Texts implements [render.Row].
func (l listedLine) Texts() []any {
	return []any{l.Name, size(l.size()), l.captured(), l.MediaType, l.why()}
}

func (l listedLine) size() int64 {
	if l.Bytes == nil {
		return media.SizeUnknown
	}
	return *l.Bytes
}

func (l listedLine) captured() string {
	if l.CapturedAt.IsZero() {
		return ""
	}
	return l.CapturedAt.Format(time.RFC3339)
}

func (l listedLine) why() string {
	if l.Refusal == nil {
		return ""
	}
	return l.Refusal.Reason
}
