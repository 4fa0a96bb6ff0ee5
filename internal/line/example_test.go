package line_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gondola-sync/gondola/internal/line"
)

// Half a second's worth of bytes takes half a second, and a way.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 1_000_000))
	}))
	defer server.Close()

	leg := line.Leg{Rate: 2e6, Delay: 20 * time.Millisecond} // bytes a second
	home := line.New(line.Options{Down: leg, Up: leg})
	defer home.Close()
	address, err := home.Forward(server.Listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}

	began := time.Now()
	resp, err := http.Get("http://" + address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	fmt.Println(n, err, time.Since(began) >= 500*time.Millisecond)
	// Output: 1000000 <nil> true
}
