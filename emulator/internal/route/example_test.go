package route_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// A service with one call, which fails once.
func ExampleTable() {
	var faults fault.Queue
	table := route.Table{
		Now: time.Now, Faults: &faults,
		Record: func(e route.Entry) { fmt.Println(e.Route, e.Path, e.Status, e.Fault) },
		Routes: []route.Route{{Name: "gopro.user", Role: route.GoPro, Pattern: "GET /media/user", Handler: func(w http.ResponseWriter, _ *http.Request) {
			route.Respond(w, http.StatusOK, "text/plain", "ada")
		}}},
	}
	faults.Add(fault.Fault{Route: "gopro.*", Kind: fault.Status, Status: http.StatusBadGateway})
	service := table.Handler(route.GoPro)
	for range 2 {
		service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/media/user", nil))
	}
	// Output:
	// gopro.user /media/user 502 status
	// gopro.user /media/user 200
}
