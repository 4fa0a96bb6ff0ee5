package cli

import (
	"iter"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/bandwidth"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/internal/suggest"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// syncFlags are the flags of sync, and of commands that do the same.
type syncFlags struct {
	pick     selectFlags
	state    stateFlags
	services serviceFlags

	sessionID       string
	transfers       string
	bwlimit         string
	album           string
	albums          string
	batchSize       int
	chunkMultiplier int
	dryRun          bool
	failFast        bool
}

func (f *syncFlags) add(a *app, cmd *cobra.Command) {
	f.pick.add(cmd)
	f.state.add(cmd)
	f.services.add(cmd, known, registry.AsSource, registry.AsDestination)
	f.services.addQuality(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.sessionID, "session-id", "", "resume or name a session by its `ID` (default: derived from the stations, the window, the filters, the quality and the album)")
	flags.StringVar(&f.transfers, "transfers", "auto", "`N` files in flight at once, or auto: as many as fill the line, at most 32")
	flags.StringVar(&f.bwlimit, "bwlimit", "", "limit both legs to this `RATE`: 512k, 10M, 4000000B, 10M:2M (up:down), or a timetable such as '08:00,1M 23:00,off'")
	flags.StringVar(&f.album, "album", "", "put everything into the album of this `NAME`, created if missing; it may have the fields of --layout and {folder}")
	flags.StringVar(&f.albums, "albums", albumsNone, "`WHICH` albums of the source to keep: none, or mirror for all: as albums, or in a folder as directories of links under Albums")
	flags.IntVar(&f.batchSize, "batch-size", 0, "register `N` items with one call; 0 for the most the destination takes")
	flags.IntVar(&f.chunkMultiplier, "chunk-multiplier", 0, "send uploads in pieces of `N` times the destination's granularity; 0 to fit the line")
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "show what would be done; change nothing anywhere")
	flags.BoolVar(&f.failFast, "fail-fast", false, "stop at the first item that fails, after saving")
	must(cmd.RegisterFlagCompletionFunc("session-id", a.completeSessionFlag))
	must(cmd.RegisterFlagCompletionFunc("albums", cobra.FixedCompletions([]string{albumsNone, albumsMirror}, cobra.ShellCompDirectiveNoFileComp)))
	for _, flag := range []string{"transfers", "bwlimit", "album", "batch-size", "chunk-multiplier"} {
		must(cmd.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions))
	}
}

// inFlight returns how many files are to be in flight; 0 leaves it to the engine.
func (f *syncFlags) inFlight() (int, error) {
	if f.transfers == "auto" {
		return 0, nil
	}
	n, err := strconv.Atoi(f.transfers)
	if err != nil || n < 1 {
		return 0, usagef("--transfers %q: a number from 1 is expected, or auto", f.transfers)
	}
	return n, nil
}

func (f *syncFlags) validate() error {
	if f.sessionID != "" { // so that a session can move to any kind of store
		if err := stores.CheckSessionID(f.sessionID); err != nil {
			return &usageError{err}
		}
	}
	if err := f.checkAlbum(); err != nil {
		return err
	}
	switch {
	case f.albums != albumsNone && f.albums != albumsMirror:
		return usagef("--albums %q: none or mirror is expected%s", f.albums, suggest.DidYouMean(f.albums, albumsNone, albumsMirror))
	case f.batchSize < 0:
		return usagef("--batch-size %d: a number from 0 is expected", f.batchSize)
	case f.chunkMultiplier < 0:
		return usagef("--chunk-multiplier %d: a number from 0 is expected", f.chunkMultiplier)
	}
	return nil
}

// The values of --albums.
const (
	albumsNone   = "none"
	albumsMirror = state.MirrorAlbums
)

func (f *syncFlags) checkAlbum() error {
	if f.album == "" {
		return nil
	}
	_, err := media.AlbumTitle(f.album)
	if err == nil {
		_, err = media.ParseTemplate(f.album, append(media.Fields(), media.FolderField))
	}
	if err != nil {
		return usagef("--album: %w", err)
	}
	return nil
}

// serviceFlags are the flags of stations, and what is asked of a source.
type serviceFlags struct {
	openers      registry.Openers
	quality      string
	preferHeight int
	timeZone     string
}

// add adds the flags of these kinds of stations, and those that they have in the
// roles in which the command uses them.
func (f *serviceFlags) add(cmd *cobra.Command, kinds registry.Registry, roles ...registry.Role) {
	f.openers = kinds.AddFlags(cmd, roles...)
}

// accounts yields the kinds of stations with credentials, in order.
func (f *serviceFlags) accounts() iter.Seq2[registry.Kind, registry.Account] {
	return func(yield func(registry.Kind, registry.Account) bool) {
		for _, kind := range known {
			if account, ok := f.openers.Of(kind.Scheme).(registry.Account); ok && !yield(kind, account) {
				return
			}
		}
	}
}

func (f *serviceFlags) addQuality(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.quality, "quality", sourceQuality, "source for the original, or a `HEIGHT` in pixels for the rendition nearest to it")
	flags.IntVar(&f.preferHeight, "prefer-height", 0, "the same as --quality `HEIGHT`")
	must(cmd.RegisterFlagCompletionFunc("quality", cobra.FixedCompletions([]cobra.Completion{"source", "2160", "1080", "720"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("prefer-height", cobra.NoFileCompletions))
	flags.StringVar(&f.timeZone, "time-zone", "", "`ZONE` of capture times in folders that come without one, and in which folders lay out times, such as Europe/Berlin (default: the system's)")
	must(cmd.RegisterFlagCompletionFunc("time-zone", cobra.NoFileCompletions))
}

// zone returns the time zone that is asked for, or nil for the system's.
func (f *serviceFlags) zone() (*time.Location, error) {
	if f.timeZone == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(f.timeZone)
	if err != nil {
		return nil, usagef("--time-zone %q: a name such as Europe/Berlin or UTC is expected", f.timeZone)
	}
	return zone, nil
}

// sourceQuality asks for originals.
const sourceQuality = registry.SourceQuality

// wanted returns the quality asked for: sourceQuality or a height; "" if none is.
func (f *serviceFlags) wanted(origins config.Origins) (string, error) {
	quality, height := origins["quality"], origins["prefer-height"]
	byHeight := strconv.Itoa(f.preferHeight)
	switch {
	case f.preferHeight < 0:
		return "", usagef("--prefer-height %d: a height in pixels is expected", f.preferHeight)
	case f.preferHeight > 0 && quality == config.Flag && height == config.Flag && f.quality != byHeight:
		return "", usagef("--quality %s and --prefer-height %d contradict each other", f.quality, f.preferHeight)
	case f.preferHeight > 0 && height >= quality:
		return byHeight, nil
	case quality == config.Default && height == config.Default:
		return "", nil
	case f.quality == "" || f.quality == sourceQuality:
		return sourceQuality, nil
	}
	n, err := strconv.Atoi(f.quality)
	if err != nil || n < 1 {
		return "", usagef("--quality %q: source or a height in pixels is expected%s", f.quality, suggest.DidYouMean(f.quality, sourceQuality))
	}
	return strconv.Itoa(n), nil
}

// limit sets the limiters of both legs of a request and returns the lower of the rates that
// hold now, in bytes a second; 0 if none does.
func (f *syncFlags) limit(r *registry.Request, now time.Time) (int64, error) {
	if f.bwlimit == "" {
		return 0, nil
	}
	table, err := bandwidth.Parse(f.bwlimit)
	if err != nil {
		return 0, usagef("--bwlimit: %w", err)
	}
	up, down := table.Limiters()
	r.Upload, r.Download = up, down
	upNow, downNow := table.At(now)
	if upNow == bandwidth.Unlimited || downNow != bandwidth.Unlimited && downNow < upNow {
		upNow = downNow
	}
	return int64(upNow), nil
}
