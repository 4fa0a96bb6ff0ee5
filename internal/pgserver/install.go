package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
)

// errMissing says what is not installed and how to get it.
type errMissing struct{ what string }

func (e *errMissing) Error() string {
	return fmt.Sprintf("%s; on Debian and Ubuntu: apt-get install postgresql; elsewhere: put initdb and postgres on PATH, or set %s", e.what, uriVariable)
}

// install is an installed server.
type install struct {
	bin  string // directory of its programs
	user *user  // whom to run it as; nil for the user of this process
}

func findInstall() (install, error) {
	if runtime.GOOS == "windows" {
		return install{}, &errMissing{"PostgreSQL is not started by tests on Windows"}
	}
	bin, err := findPrograms()
	if err != nil {
		return install{}, err
	}
	u, err := serverUser()
	return install{bin, u}, err
}

// findPrograms returns the directory of the newest server: Debian keeps one for
// each version and none on PATH.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", &errMissing{"PostgreSQL is not installed"}
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })
	return filepath.Dir(newest), nil
}

func versionOf(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// unavailable skips the test, or fails it where servers are required.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if _, missing := errors.AsType[*errMissing](err); missing && os.Getenv(requireVariable) != "1" {
		t.Skip(err)
	}
	t.Fatal(err)
}
