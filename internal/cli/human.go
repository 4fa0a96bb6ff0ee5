package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/internal/printable"
)

// Numbers as words.
var (
	size  = human.Size
	count = human.Count
)

// speed writes a rate for people, or "n/a" when nothing is known.
func speed(n int64, d time.Duration) string {
	if n <= 0 || d <= 0 {
		return "n/a"
	}
	return size(int64(float64(n)/d.Seconds())) + "/s"
}

// duration writes a time span for people: "12.34s", "30s", "5m 30s", "2h 15m".
func duration(d time.Duration) string {
	switch {
	case d < time.Minute && d%time.Second == 0:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Minute:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm %ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh %dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd %dh", int(d.Hours())/24, int(d.Hours())%24)
}

// withoutName takes the name of an item out of a message that is shown beside
// it.
func withoutName(message, name string) string {
	return strings.Replace(message, " "+name+":", ":", 1)
}

// cell makes a text fit into one cell of a table.
func cell(s string) string { return printable.Line(s) }

// truncate shortens s to at most n characters.
func truncate(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// columns writes a line of cells, each but the last as wide as its column and
// cut to it, so that a listing needs no memory of its length.
func columns(w io.Writer, widths []int, cells ...string) {
	var line strings.Builder
	for i, c := range cells {
		if c = cell(c); i < len(widths) {
			c = truncate(c, widths[i])
			c += strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(c))
		}
		line.WriteString(c)
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
}

// quoted writes a word so that a POSIX shell reads it back, on one line.
func quoted(word string) string {
	if cell(word) != word {
		return "$'" + escaped(word) + "'"
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// escaped writes a text with control characters for a shell's $'…'.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
