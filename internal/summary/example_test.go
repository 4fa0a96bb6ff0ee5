package summary_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/internal/summary"
)

func ExampleRead() {
	l, err := summary.Read([]byte(`{"type":"stage","stage":"create","status":"completed"}
{"type":"summary","outcome":"complete","items":{"total":3,"created":2,"already_there":1}}
`))
	fmt.Println(l.Outcome, l.Items.Total, l.Items.AlreadyThere, err)

	_, err = summary.Read([]byte("panic: at once\n"))
	fmt.Println(err)
	_, err = summary.Read([]byte(`{"type":"stage","stage":"create","status":"running"}`))
	fmt.Println(err)
	// Output:
	// complete 3 1 <nil>
	// stdout carries something other than JSON lines: "panic: at once"
	// the last line of stdout is no summary: "{\"type\":\"stage\",\"stage\":\"create\",\"status\":\"running\"}"
}
