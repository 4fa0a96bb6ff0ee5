package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mongoServer is a server of MongoDB's protocol.
type mongoServer struct {
	uri  string
	stop func()
}

// startMongo starts the server that the tests use, unless
// GONDOLA_TEST_MONGODB_URI names another one.
func (b *bench) startMongo(ctx context.Context) (mongoServer, error) {
	if uri := os.Getenv("GONDOLA_TEST_MONGODB_URI"); uri != "" {
		return mongoServer{uri, func() {}}, nil
	}
	binary := filepath.Join(b.dir, "ferret")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/ferret")
	build.Dir, build.Stderr = filepath.Join(b.root, "internal", "test", "mongo"), os.Stderr
	if err := build.Run(); err != nil {
		return mongoServer{}, fmt.Errorf("build the MongoDB server of the tests: %w", err)
	}
	server := exec.CommandContext(ctx, binary)
	server.Env = append(os.Environ(), "TMPDIR="+b.dir)
	in, err := server.StdinPipe() // it serves until this ends
	if err != nil {
		return mongoServer{}, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return mongoServer{}, err
	}
	if err := server.Start(); err != nil {
		return mongoServer{}, err
	}
	stop := func() { _ = in.Close(); _ = server.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return mongoServer{}, fmt.Errorf("the MongoDB server of the tests did not start: %w", err)
	}
	return mongoServer{strings.TrimSpace(line), stop}, nil
}
