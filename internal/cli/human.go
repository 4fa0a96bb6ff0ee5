package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/human"
)

// Numbers as words.
var (
	size  = human.Size
	count = human.Count
)

// sized returns a number of items with their bytes as text: "2 items, 5 B". Some may
// have no known size.
func sized(items int, bytes int64, unknown int) string {
	text := count(items, "item")
	switch unknown {
	case 0:
		return text + ", " + size(bytes)
	case items:
		return text + " of unknown size"
	}
	return fmt.Sprintf("%s, %s and %d of unknown size", text, size(bytes), unknown)
}

// speed returns a rate as text, or "n/a" when nothing is known.
func speed(n int64, d time.Duration) string {
	if n <= 0 || d <= 0 {
		return "n/a"
	}
	return size(int64(float64(n)/d.Seconds())) + "/s"
}

// duration returns a time span as text: "12.34s", "30s", "5m 30s", "2h 15m".
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

// Texts on one line.
var (
	cell     = render.Cell
	truncate = render.Truncate
	row      = render.Line
)

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
