package cli

import (
	"log/slog"
	"strings"
	"time"

	"github.com/lmittmann/tint"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/printable"
	"github.com/gondola-sync/gondola/internal/suggest"
)

func (a *app) newLogger() (*slog.Logger, error) {
	level, err := a.logLevel()
	if err != nil {
		return nil, err
	}
	handler, err := a.logHandler(level)
	if err != nil {
		return nil, err
	}
	return slog.New(handler), nil
}

func (a *app) logLevel() (slog.Level, error) {
	if a.global.verbose && a.origins["log-level"] == config.Default {
		return slog.LevelInfo, nil
	}
	switch strings.ToLower(a.global.logLevel) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, usagef("--log-level %q: debug, info, warn or error is expected%s", a.global.logLevel,
		suggest.DidYouMean(a.global.logLevel, "debug", "info", "warn", "error"))
}

func (a *app) logHandler(level slog.Level) (slog.Handler, error) {
	terminal := isTerminal(a.screen.out)
	asJSON := a.print.Format == render.JSON && !terminal
	switch strings.ToLower(a.global.logFormat) {
	case "":
	case "json":
		asJSON = true
	case "text":
		asJSON = false
	default:
		return nil, usagef("--log-format %q: text or json is expected%s", a.global.logFormat,
			suggest.DidYouMean(a.global.logFormat, "text", "json"))
	}
	options := slog.HandlerOptions{Level: level, ReplaceAttr: a.secrets.attr}
	switch {
	case asJSON:
		return slog.NewJSONHandler(printable.NewJSONWriter(a.screen), &options), nil
	case terminal:
		return tint.NewTextHandler(a.screen.raw(), &tint.Options{
			Level: level, ReplaceAttr: a.secrets.attr,
			TimeFormat: time.TimeOnly, NoColor: !a.color(),
		}), nil
	}
	return slog.NewTextHandler(a.screen, &options), nil
}

// color reports whether text on standard error may be coloured.
func (a *app) color() bool {
	return !a.global.noColor && a.sources.Getenv("NO_COLOR") == "" && a.animated()
}

// animated reports whether standard error is a terminal that understands escape
// sequences.
func (a *app) animated() bool {
	return isTerminal(a.screen.out) && a.sources.Getenv("TERM") != "dumb"
}
