package main

import (
	"bytes"
	"io"
	"strconv"
)

const chunkSize = 1 << 20 // bytes

// chunks is the way of tools that send a chunk for each round trip.
func chunks(s service, urls []string) error {
	for _, url := range urls {
		if err := inChunks(s, url); err != nil {
			return err
		}
	}
	return nil
}

func inChunks(s service, from string) error {
	body, size, err := get(from)
	if err != nil {
		return err
	}
	defer body.Close()
	session, err := s.post(s.endpoint, nil, 0,
		"X-Goog-Upload-Command", "start", "X-Goog-Upload-Protocol", "resumable",
		"X-Goog-Upload-Content-Type", "video/mp4", "X-Goog-Upload-Raw-Size", strconv.FormatInt(size, 10))
	if err != nil {
		return err
	}
	to := session.Get("X-Goog-Upload-URL")
	chunk := make([]byte, chunkSize)
	for offset := int64(0); offset < size; {
		n, err := io.ReadFull(body, chunk[:min(chunkSize, size-offset)])
		if err != nil {
			return err
		}
		command := "upload"
		if offset+int64(n) == size {
			command = "upload, finalize"
		}
		_, err = s.post(to, bytes.NewReader(chunk[:n]), int64(n),
			"X-Goog-Upload-Command", command, "X-Goog-Upload-Offset", strconv.FormatInt(offset, 10))
		if err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}
