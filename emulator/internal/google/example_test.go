package google_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
)

// A project has three requests a day, which begins at midnight in California.
func ExampleQuota() {
	noon := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	quota := google.NewQuota(3, 0, 30)
	for range 3 {
		if err := quota.Request("project", noon); err != nil {
			fmt.Println(err)
		}
	}
	refused, _ := errors.AsType[*google.Error](quota.Request("project", noon))
	fmt.Println(refused.Code, quota.Request("project", noon.Add(24*time.Hour)))
	// Output: 429 <nil>
}
