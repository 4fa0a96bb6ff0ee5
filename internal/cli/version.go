package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build says what this program was built from.
type build struct {
	Type     string `json:"type"`
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which gondola this is",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			a.print.Print(thisBuild())
			return nil
		},
	}
}

func thisBuild() build {
	b := build{Type: "version", Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "vcs.time":
			b.Time = s.Value
		}
	}
	return b
}

func (b build) String() string {
	commit := ""
	if len(b.Commit) >= 12 {
		commit = " " + b.Commit[:12]
		if b.Modified {
			commit += " (modified)"
		}
	}
	return fmt.Sprintf("gondola %s%s, %s, %s", b.Version, commit, b.Go, b.Platform)
}

// Text implements [render.Result].
func (b build) Text(w io.Writer) { fmt.Fprintln(w, b) }

// TSV implements [render.Result].
func (b build) TSV(w io.Writer) {
	row(w, "version", "commit", "go", "platform")
	row(w, b.Version, b.Commit, b.Go, b.Platform)
}

func userAgent() string { return "gondola/" + thisBuild().Version }
