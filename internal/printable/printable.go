// Package printable keeps text from outside from steering the terminal that
// shows it. It replaces or escapes control characters (C0 with ESC, DEL, C1), the
// controls of bidirectional text, line and paragraph separators, and bytes that
// are not UTF-8.
package printable

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with each unsafe character replaced by U+FFFD, one for one.
// Newlines and tabs stay.
func Text(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // a byte that is not UTF-8 is read as U+FFFD
		b.WriteRune(replaced(r))
	}
	return b.String()
}

// Line returns s as one line: as [Text] does, with newlines and tabs replaced by
// spaces.
func Line(s string) string {
	return Text(breaks.Replace(s))
}

var breaks = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

func replaced(r rune) rune {
	if isUnsafe(r) {
		return utf8.RuneError
	}
	return r
}

func isUnsafe(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// isPlain reports whether text is printable ASCII, newlines and tabs.
func isPlain[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' && c != '\n' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// Writer passes text on without its unsafe characters. Make it with [NewWriter]
// or [NewJSONWriter].
type Writer struct {
	to      io.Writer
	replace func(*bytes.Buffer, rune)
	cut     []byte // the beginning of a character whose end has not been written yet
	buf     bytes.Buffer
}

// NewWriter returns a Writer that treats text as [Text] does.
func NewWriter(to io.Writer) *Writer {
	return &Writer{to: to, replace: func(b *bytes.Buffer, _ rune) { b.WriteRune(utf8.RuneError) }}
}

// NewJSONWriter returns a Writer for JSON texts: unsafe characters, which JSON
// has in strings only, are written as \u escapes. A reader sees no difference.
func NewJSONWriter(to io.Writer) *Writer { return &Writer{to: to, replace: escape} }

func escape(b *bytes.Buffer, r rune) {
	const hex = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 { // all unsafe characters have 16 bits
		b.WriteByte(hex[r>>shift&0xf])
	}
}

// Write implements [io.Writer]. A character that p cuts off is written with the
// rest of it.
func (w *Writer) Write(p []byte) (int, error) {
	if len(w.cut) == 0 && isPlain(p) {
		return w.to.Write(p)
	}
	text := append(w.cut, p...)
	w.buf.Reset()
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		if isUnsafe(r) || r == utf8.RuneError && n == 1 {
			w.replace(&w.buf, r)
		} else {
			w.buf.WriteRune(r)
		}
		text = text[n:]
	}
	w.cut = bytes.Clone(text)
	if _, err := w.to.Write(w.buf.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is left of a character whose end never came.
func (w *Writer) Flush() error {
	if len(w.cut) == 0 {
		return nil
	}
	w.cut = nil
	w.buf.Reset()
	w.replace(&w.buf, utf8.RuneError)
	_, err := w.to.Write(w.buf.Bytes())
	return err
}
