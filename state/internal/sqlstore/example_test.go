package sqlstore_test

import (
	"fmt"

	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// What a database makes of a row to be put, here with an argument for each column.
func ExampleTable() {
	t := sqlstore.Table{Name: "notes", Keys: []sqlstore.Column{{Name: "id"}}, Values: []sqlstore.Column{{Name: "text", Form: "nullif(%s, '')"}}}
	arguments := t.Select(func(n int, _ sqlstore.Column) string { return fmt.Sprint("$", n+1) })
	fmt.Println(t.Insert("VALUES (" + arguments + ")"))
	// Output:
	// INSERT INTO gondola.notes AS stored (id, text) VALUES ($1, nullif($2, '')) ON CONFLICT (id) DO UPDATE SET text = excluded.text
}
