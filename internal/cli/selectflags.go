package cli

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/media"
)

// selectFlags say which items of a station are meant.
type selectFlags struct {
	start, end string
	types      []string
	include    []string
	exclude    []string
	maxItems   int
}

func (f *selectFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.start, "start", "", "first capture `TIME`: a date (the whole day), a date and time, 2026-01, 2026, or 30d ago; UTC unless an offset is given")
	flags.StringVar(&f.end, "end", "", "last capture `TIME`, included; as --start")
	flags.StringSliceVar(&f.types, "type", nil, "only these `TYPES`: photo, video, or the source's own words such as TimeLapse")
	flags.StringSliceVar(&f.include, "include", nil, "only names that match one of these `PATTERNS`, such as 'GX*.MP4'")
	flags.StringSliceVar(&f.exclude, "exclude", nil, "no names that match one of these `PATTERNS`; wins over --include")
	flags.IntVar(&f.maxItems, "max-items", 0, "take at most `N` items; 0 for all")
	must(cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(typeWords(), cobra.ShellCompDirectiveNoFileComp)))
	for _, flag := range []string{"start", "end", "include", "exclude", "max-items"} {
		must(cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions))
	}
}

// resolve returns the window and the filter that the flags mean for a station.
func (f *selectFlags) resolve(stationURI string, now time.Time) (media.Window, media.Filter, error) {
	window, err := media.ParseWindow(f.start, f.end, now)
	if err != nil {
		return media.Window{}, media.Filter{}, &usageError{err}
	}
	if f.maxItems < 0 {
		return media.Window{}, media.Filter{}, usagef("--max-items %d: a number from 0 is expected", f.maxItems)
	}
	filter := media.Filter{Types: trimmed(f.types), Include: f.include, Exclude: f.exclude, MaxItems: f.maxItems}
	if err := cmp.Or(filter.Validate(), filter.CheckTypes(typesOf(stationURI))); err != nil {
		return media.Window{}, media.Filter{}, &usageError{err}
	}
	return window, filter, nil
}

// trimmed returns words without the space around them, as in "photo, video".
func trimmed(words []string) []string {
	var list []string
	for _, word := range words {
		list = append(list, strings.TrimSpace(word))
	}
	return list
}

// typeWords are what --type takes, for completion.
func typeWords() []cobra.Completion {
	words := []cobra.Completion{"photo", "video"}
	for _, kind := range known {
		for _, word := range kind.Types {
			if !slices.Contains(words, strings.ToLower(word)) {
				words = append(words, word)
			}
		}
	}
	return words
}

// typesOf returns a station's own words for what an item is.
func typesOf(stationURI string) []string {
	uri, _ := known.Parse(stationURI)
	kind, _ := known.Kind(uri.Scheme)
	return kind.Types
}
