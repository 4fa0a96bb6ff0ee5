package emulator_test

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// A test of a program that is another process: it finds the emulator through
// its environment.
func ExampleEmulator_Environ() {
	e, err := emulator.New(emulator.Options{Library: emulator.Many(3, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Listen("127.0.0.1"); err != nil {
		log.Fatal(err)
	}
	home, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(home)
	environ, err := e.Environ(home)
	if err != nil {
		log.Fatal(err)
	}
	for _, setting := range append(environ, "HOME="+home) { // for exec.Cmd.Env
		name, _, _ := strings.Cut(setting, "=")
		fmt.Println(name)
	}
	// Once the program has run, Err tells what has not arrived, or twice.
	fmt.Println(len(e.Arrivals().Files), "files,", e.Arrivals().Err() == nil)
	// Output:
	// GONDOLA_GOPRO_URL
	// GP_ACCESS_TOKEN
	// GONDOLA_GPHOTOS_URL
	// GONDOLA_CREDENTIALS
	// GONDOLA_TOKEN
	// HOME
	// 3 files, false
}

// A client with the URLs of the real services runs against the emulator
// unchanged.
func Example() {
	e, err := emulator.New(emulator.Options{Library: emulator.Demo()})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()

	ask := func() {
		r, err := http.NewRequest("GET", "https://api.gopro.com/media/search?per_page=1", nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Accept", "application/vnd.gopro.jk.media+json; version=2.0.0")
		r.Header.Set("Authorization", "Bearer "+e.GoPro.Token())
		response, err := e.Client().Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		fmt.Println(response.Status)
	}

	ask()
	e.Faults.Add(emulator.Fault{Route: "gopro.search", Kind: emulator.FaultStatus, Status: 429, RetryAfter: "30"})
	ask()
	e.Clock.Advance(8 * 24 * time.Hour) // the token lived for a week
	ask()
	fmt.Println(e.Log.Count("gopro.*"), "requests")
	// Output:
	// 200 OK
	// 429 Too Many Requests
	// 401 Unauthorized
	// 3 requests
}
