package memnet_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gondola-sync/gondola/emulator/internal/memnet"
)

// An HTTP server that no socket reaches.
func ExampleListener() {
	l := memnet.NewListener("api.example.com")
	defer l.Close()
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "hello from ", r.Host)
		})) // ends when l is closed
	}()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) },
	}
	response, err := (&http.Client{Transport: transport}).Get("http://api.example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	// Output: hello from api.example.com <nil>
}
