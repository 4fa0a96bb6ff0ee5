package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/joho/godotenv"

	"github.com/gondola-sync/gondola/internal/regular"
)

// Limits of the .env file.
const (
	maxDotEnv      = 256 << 10 // bytes
	maxDotEnvLines = 5000      // and references to other variables
)

// byteOrderMark is what some Windows editors begin a file of UTF-8 with.
var byteOrderMark = []byte("\ufeff")

// readDotEnv returns the variables of the .env file at path. A .env file that
// is not meant for this program, or cannot be read, is ignored with a warning.
// One that sets a variable of this program and is malformed is a [*UsageError].
// Neither quotes the file, which may hold secrets.
func readDotEnv(path string) (vars map[string]string, warning string, err error) {
	data, err := regular.Read(path, maxDotEnv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil
	case err != nil:
		return nil, fmt.Sprintf("%s is ignored: %v", path, withoutPath(err)), nil
	}
	if countAny(data, "\n$") > maxDotEnvLines {
		return nil, fmt.Sprintf("%s is ignored: it has more than %d lines or references", path, maxDotEnvLines), nil
	}
	text := string(bytes.TrimPrefix(data, byteOrderMark))
	if vars, err = godotenv.Unmarshal(text); err == nil {
		return vars, "", nil
	}
	problem := fmt.Sprintf("%s: line %d is not NAME=VALUE", path, brokenLine(text))
	if setsOwn(text) {
		return nil, "", &UsageError{Message: problem + "; correct the line, or quote its value"}
	}
	return nil, problem + "; the file is ignored, since it sets no variable of gondola", nil
}

// longestStatement is how many lines one statement is looked for in.
const longestStatement = 50

// brokenLine returns the number of the line at which the first statement begins
// that cannot be parsed. A quoted value may span lines.
func brokenLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	start := 0
	for end := 1; end <= len(lines) && end-start <= longestStatement; end++ {
		if _, err := godotenv.Unmarshal(strings.Join(lines[start:end], "")); err == nil {
			start = end
		}
	}
	return start + 1
}

// ownPrefixes begin the variables that have a meaning here.
var ownPrefixes = []string{Prefix, "GP_ACCESS_TOKEN", "Q2GOOGLE_"}

// setsOwn reports whether a line of a .env file sets a variable that has a
// meaning here.
func setsOwn(text string) bool {
	for line := range strings.Lines(text) {
		name := strings.TrimPrefix(strings.TrimSpace(line), "export ")
		for _, prefix := range ownPrefixes {
			if strings.HasPrefix(strings.TrimSpace(name), prefix) {
				return true
			}
		}
	}
	return false
}

// withoutPath returns the reason of an error that names its file elsewhere.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
