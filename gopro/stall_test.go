package gopro

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// pipeTransport answers with a body that a test writes.
func pipeTransport(length int64) (roundTrip, *io.PipeWriter) {
	pr, pw := io.Pipe()
	return func(r *http.Request) (*http.Response, error) {
		context.AfterFunc(r.Context(), func() { pw.CloseWithError(r.Context().Err()) })
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: length, Body: pr, Request: r}, nil
	}, pw
}

func TestBodyStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, pw := pipeTransport(100)
		c, err := NewClient(Options{HTTP: &http.Client{Transport: transport}, Token: testToken})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.open(t.Context(), request{op: "open x", url: signed("x"), done: func() { t.Error("done before the end") }})
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		go func() { _, _ = pw.Write(make([]byte, 20)) }()
		if _, err := io.ReadFull(got.Body, make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) // whoever reads may take its time
		start := time.Now()
		_, err = got.Body.Read(make([]byte, 1))
		if took := time.Since(start); took != stallTimeout || fault.CodeOf(err) != fault.Unreachable || fault.ClassOf(err) != fault.Transient {
			t.Errorf("after %v: %v (%s)", took, err, fault.CodeOf(err))
		}
	})
}

func TestAnswerStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		c, err := NewClient(Options{HTTP: &http.Client{Transport: silent}, Token: testToken})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.open(t.Context(), request{op: "open x", url: signed("x")})
		if took := time.Since(start); took != firstByteTimeout || fault.CodeOf(err) != fault.Unreachable {
			t.Errorf("after %v: %v", took, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("asked to stop")
		time.AfterFunc(time.Second, func() { cancel(stop) })
		defer cancel(nil)
		if _, err := c.open(ctx, request{op: "open x", url: signed("x")}); !errors.Is(err, stop) {
			t.Errorf("after the context ended: %v", err)
		}
	})
}
