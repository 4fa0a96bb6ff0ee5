package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// built is the command under test.
var built struct {
	once sync.Once
	path string
	err  error
}

// Binary returns the path of the gondola command, which is built when it is
// asked for first; [Main] removes it.
func Binary() (string, error) {
	built.once.Do(func() { built.path, built.err = build() })
	return built.path, built.err
}

func build() (path string, err error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("build gondola: the sources are not known")
	}
	dir, err := os.MkdirTemp("", "gondola-e2e-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "gondola")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", path, "./cmd/gondola")
	cmd.Dir = filepath.Join(filepath.Dir(here), "..", "..", "..") // tests of other modules build it, too
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", errors.Join(fmt.Errorf("build gondola: %w", err), os.RemoveAll(dir))
	}
	return path, nil
}

// Main runs the tests of a binary, such as a *testing.M, removes what was built
// for them, and returns their exit code.
func Main(tests interface{ Run() int }) int {
	code := tests.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	return code
}
