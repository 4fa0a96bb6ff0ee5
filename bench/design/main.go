// Design carries files as other designs do, to compare them on one line.
//
//	BENCH_TOKEN=… design chunks ENDPOINT URL…
//	BENCH_TOKEN=… design batches ENDPOINT URL…
//
// chunks reads a mebibyte, sends it, waits for the answer and reads the next,
// one file after the other. batches downloads ten files to disk, four at a time,
// then uploads them, four at a time, then goes on to the next ten.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: design chunks|batches ENDPOINT URL...")
		os.Exit(2)
	}
	s := service{endpoint: os.Args[2], token: os.Getenv("BENCH_TOKEN")}
	var err error
	switch urls := os.Args[3:]; os.Args[1] {
	case "chunks":
		err = chunks(s, urls)
	case "batches":
		err = batches(s, urls)
	default:
		err = fmt.Errorf("%s: unknown design", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "design:", err)
		os.Exit(1)
	}
}

// service is where files go.
type service struct{ endpoint, token string }

// post sends one request of the upload protocol; headers are name, value and so
// on.
func (s service) post(url string, body io.Reader, length int64, headers ...string) (http.Header, error) {
	if length == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = length
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/octet-stream")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("post: %s", answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.Header, err
}

// get opens a file for reading.
func get(url string) (io.ReadCloser, int64, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, 0, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, 0, fmt.Errorf("get: %s", answer.Status)
	}
	return answer.Body, answer.ContentLength, nil
}
