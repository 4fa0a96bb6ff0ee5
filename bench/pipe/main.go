// Pipe is the yardstick for carrying: it pipes the body of one GET into the body
// of one POST, with nothing but net/http's defaults.
//
//	BENCH_TOKEN=… pipe [-sha256] URL ENDPOINT
//
// URL is where the file is, ENDPOINT where it goes, as one X-Goog-Upload request
// of protocol "raw". With -sha256 it hashes on the way, as a program that has to prove
// what was carried must.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	hash := flag.Bool("sha256", false, "hash what passes")
	flag.Parse()
	if err := pipe(flag.Arg(0), flag.Arg(1), *hash); err != nil {
		fmt.Fprintln(os.Stderr, "pipe:", err)
		os.Exit(1)
	}
}

func pipe(from, to string, hash bool) error {
	source, err := http.Get(from)
	if err != nil {
		return err
	}
	defer source.Body.Close()
	if source.StatusCode != http.StatusOK {
		return fmt.Errorf("get: %s", source.Status)
	}
	var body io.Reader = source.Body
	sum := sha256.New()
	if hash {
		body = io.TeeReader(body, sum)
	}
	req, err := http.NewRequest(http.MethodPost, to, body)
	if err != nil {
		return err
	}
	req.ContentLength = source.ContentLength
	req.Header.Set("Authorization", "Bearer "+os.Getenv("BENCH_TOKEN"))
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("X-Goog-Upload-Protocol", "raw")
	req.Header.Set("X-Goog-Upload-Content-Type", "video/mp4")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("post: %s", answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
