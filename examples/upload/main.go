// Upload sends a file, or standard input, to a Google API by the media upload
// protocol. It shows package resumable as a small command:
//
//	go run ./examples/upload -url 'https://storage.googleapis.com/upload/storage/v1/b/BUCKET/o?uploadType=resumable&name=OBJECT' \
//		-header "Authorization: Bearer $(gcloud auth print-access-token)" -state upload.json video.mp4
//
// The URL names the kind of upload that -protocol names. With -state, an upload
// that was interrupted goes on where the server says that it stopped.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 // plus the signal
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "upload: %v\n", err)
		return exitUsage
	}
	ctx, stop := interruptible()
	defer stop()
	result, err := upload(ctx, o, stdin)
	if i, ok := errors.AsType[interrupted](context.Cause(ctx)); ok && err != nil {
		fmt.Fprintf(stderr, "upload: %v\n", i)
		return exitInterrupted + int(i.signal)
	}
	if err != nil {
		report(stdout, failure{failureOf(err)})
		return exitFailed
	}
	report(stdout, success{result.Status, result.Size, result.ResumedFrom, result.Response})
	return 0
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "interrupted by " + i.signal.String() }

// interruptible returns a context that ends with SIGINT or SIGTERM.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			cancel(interrupted{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}
