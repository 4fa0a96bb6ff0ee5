package doctor_test

import (
	"context"
	"fmt"

	"github.com/gondola-sync/gondola/internal/doctor"
)

func Example() {
	full := doctor.Check{Name: "disk", Run: func(context.Context) []doctor.Finding {
		return []doctor.Finding{{Level: doctor.Problem, What: "no room for state", Why: "the run stops", Remedy: "free space"}}
	}}
	findings, err := doctor.Run(context.Background(), []doctor.Check{full}, doctor.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings {
		fmt.Printf("%s: %s: %s; %s\n", f.Level, f.Check, f.What, f.Remedy)
	}
	// Output: problem: disk: no room for state; free space
}
