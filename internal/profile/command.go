package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	commandPatience = time.Minute // a person may have to unlock a vault
	commandClosing  = time.Second // for children that keep the pipe open
)

// output runs a program without a shell and returns what it prints, without the
// space around it. Its standard input is empty. Its standard error is discarded,
// and no error quotes what it prints: either may hold the secret.
func output(ctx context.Context, argv, environ []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.WaitDelay = environ, commandClosing
	var out bounded
	cmd.Stdout = &out
	err := cmd.Run()
	text := strings.TrimSpace(out.buffer.String())
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("%s did not end within a minute", argv[0])
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case out.full:
		return "", fmt.Errorf("%s printed more than 64 KiB, which no token is", argv[0])
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("%w; no shell is used: write the program and its arguments as a list", err)
	case err != nil:
		return "", fmt.Errorf("%s: %w; what it printed is not shown, since it may be secret: run it in a terminal", argv[0], err)
	case text == "":
		return "", fmt.Errorf("%s printed nothing", argv[0])
	}
	return text, nil
}

// bounded is a buffer of at most maxDocument bytes.
type bounded struct {
	buffer bytes.Buffer
	full   bool
}

// Write implements [io.Writer].
func (b *bounded) Write(p []byte) (int, error) {
	if b.buffer.Len()+len(p) > maxDocument {
		b.full = true
		return 0, errors.New("too much")
	}
	return b.buffer.Write(p)
}
