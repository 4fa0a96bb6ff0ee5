package sqlstore_test

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// Times go into statements as text that sorts as times do.
func Example() {
	at := time.Date(2026, 1, 8, 9, 0, 0, 0, time.FixedZone("CET", 3600))
	fmt.Println(at.UTC().Format(sqlstore.Stamp) < at.UTC().Add(time.Microsecond).Format(sqlstore.Stamp))
	// Output: true
}
