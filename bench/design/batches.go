package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	batchSize = 10 // files
	atOnce    = 4  // files
)

// batches is the way of tools that fill a folder and then empty it.
func batches(s service, urls []string) error {
	dir, err := os.MkdirTemp("", "bench-batches-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for batch := range slices.Chunk(urls, batchSize) {
		at := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
		if err := each(len(batch), func(i int) error { return download(batch[i], at(i)) }); err != nil {
			return err
		}
		if err := each(len(batch), func(i int) error { return upload(s, at(i)) }); err != nil {
			return err
		}
	}
	return nil
}

func each(n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range n {
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}

func download(from, to string) error {
	body, _, err := get(from)
	if err != nil {
		return err
	}
	defer body.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, body); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func upload(s service, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = s.post(s.endpoint, f, info.Size(), "X-Goog-Upload-Protocol", "raw", "X-Goog-Upload-Content-Type", "video/mp4")
	return err
}
