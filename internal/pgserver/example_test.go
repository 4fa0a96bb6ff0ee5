package pgserver_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/internal/pgserver"
)

// A test asks for a database and connects to it.
func ExampleNewDatabase() {
	_ = func(t *testing.T) { // TestSomething
		db := pgserver.NewDatabase(t)
		conn, err := pgx.Connect(t.Context(), db.URI)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
	}
	// Output:
}
