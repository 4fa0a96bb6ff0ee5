package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/gondola-sync/gondola/resumable"
)

// retries is how often in a row, without progress, what failed is tried again.
const retries = 5

// upload carries out the options.
func upload(ctx context.Context, o options, stdin io.Reader) (resumable.Result, error) {
	if o.chunk <= 0 || o.chunk%resumable.ChunkUnit != 0 {
		return resumable.Result{}, inputError{fmt.Errorf("-chunk %d is not a positive multiple of %d", o.chunk, resumable.ChunkUnit)}
	}
	job, closeSource, err := source(o, stdin)
	if err != nil {
		return resumable.Result{}, err
	}
	defer closeSource()
	job.Media.ContentType, job.Media.Metadata, job.Media.Header = o.contentType, o.metadata, o.header
	job.Checksum = o.checksum
	if o.state == "" || o.kind != resumable.Resumable {
		return uploader(o).Upload(ctx, job)
	}
	state := stateFile{path: o.state, upload: o.url}
	if job.From, err = state.load(); err != nil {
		return resumable.Result{}, err
	}
	job.Save, job.Recheck = state.save, true
	if job.Checksum == resumable.NoChecksum {
		job.Checksum = resumable.SHA256 // shows whether the file has changed meanwhile
	}
	result, err := uploader(o).Upload(ctx, job)
	if err == nil {
		err = state.remove()
	}
	return result, err
}

func uploader(o options) *resumable.Uploader {
	return &resumable.Uploader{
		Protocol:  &resumable.MediaUpload{URL: o.url, Kind: o.kind, Client: &http.Client{}},
		ChunkSize: o.chunk,
		Retry:     resumable.Retry{Attempts: 1 + retries, Initial: 250 * time.Millisecond, Max: 30 * time.Second},
	}
}

// source returns the Job of FILE or of standard input, and what closes it.
func source(o options, stdin io.Reader) (resumable.Job, func(), error) {
	if o.file == "-" {
		return resumable.FromReader(stdin), func() {}, nil
	}
	f, err := os.Open(o.file)
	if err != nil {
		return resumable.Job{}, nil, inputError{err}
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", o.file)
	}
	if err != nil {
		f.Close()
		return resumable.Job{}, nil, inputError{err}
	}
	closeSource := func() { f.Close() }
	switch {
	case !info.Mode().IsRegular():
		return resumable.FromReader(f), closeSource, nil
	case o.unknownSize:
		return toItsEnd(f), closeSource, nil
	}
	return resumable.FromReaderAt(f, info.Size()), closeSource, nil
}

// toItsEnd returns the Job of a file whose size shows only at its end.
func toItsEnd(f *os.File) resumable.Job {
	return resumable.Job{
		Media: resumable.Media{Size: resumable.Unknown},
		Open: func(_ context.Context, offset int64) (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(f, offset, math.MaxInt64-offset)), nil
		},
	}
}
