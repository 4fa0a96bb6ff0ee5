// Ferret serves MongoDB's protocol on loopback from a directory of its own until
// its standard input ends. It prints its URI; with -tls a second one, for which
// it has signed its own certificate.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ferret:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) (err error) {
	secure := flag.Bool("tls", false, "serve TLS")
	flag.Parse()
	dir, err := os.MkdirTemp("", "ferret")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	config := &ferretdb.Config{
		Handler: "sqlite", SQLiteURL: "file:" + data + "/",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if *secure {
		config.Listener, err = selfSigned(dir)
	} else {
		config.Listener = ferretdb.ListenerConfig{TCP: "127.0.0.1:0"}
	}
	if err != nil {
		return err
	}
	server, err := ferretdb.New(config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	fmt.Fprintln(out, server.MongoDBURI())
	_, err = io.Copy(io.Discard, in)
	stop()
	return errors.Join(err, <-done)
}
