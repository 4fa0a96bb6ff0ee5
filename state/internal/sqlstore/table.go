package sqlstore

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Table is one whose rows are put.
type Table struct {
	Name    string
	Keys    []Column // by which a row is known, besides its session
	Kept    []Column // that a row which is there has already
	Values  []Column
	Session bool   // the rows belong to a session
	Unless  string // a condition on a row that is not to be written again
}

// Column is one that is put. Form makes its value of an argument, which is "%s";
// it is "%s" itself if empty.
type Column struct{ Name, Form string }

// The tables.
var (
	sessions = Table{
		Name: "sessions", Keys: []Column{{Name: "id"}},
		Values: []Column{{"updated", "%s::timestamptz"}, document},
	}
	items = Table{
		Name: "items", Session: true, Keys: []Column{{Name: "seq"}},
		Values: append(slices.Clone(indexed), progress...), Unless: unchanged,
	}
	// progressed are items that no index finds otherwise than before, so that none
	// has to be written.
	progressed = Table{Name: "items", Session: true, Keys: items.Keys, Kept: indexed, Values: progress, Unless: unchanged}
	indexed    = []Column{{"identity", "nullif(%s, '')"}, {Name: "name"}, {Name: "awaits"}, {Name: "outcome"}, {Name: "captured"}}
	progress   = []Column{{Name: "size"}, {Name: "carried"}, document}

	batches   = Table{Name: "batches", Session: true, Keys: []Column{{Name: `"index"`}}, Values: []Column{document}, Unless: unchanged}
	snapshots = Table{Name: "snapshots", Session: true, Values: []Column{{"at", "%s::timestamptz"}, document}}
	ledger    = Table{Name: "ledger", Keys: []Column{{Name: "account"}, {Name: "key"}}, Values: []Column{{"entry", "%s::json"}}}
)

var document = Column{"document", "%s::json"}

const unchanged = "stored.document::text = excluded.document::text"

// Columns returns the columns, keys first, in the order of the arguments.
func (t Table) Columns() []Column { return slices.Concat(t.Keys, t.Kept, t.Values) }

// Insert returns the statement that puts what a query selects: the values of
// session, if the rows belong to one, and of all columns.
func (t Table) Insert(query string) string {
	var keys, all, sets []string
	if t.Session {
		keys = append(keys, "session")
	}
	for _, c := range t.Keys {
		keys = append(keys, c.Name)
	}
	all = append(all, keys...)
	for _, c := range t.Kept {
		all = append(all, c.Name)
	}
	for _, c := range t.Values {
		all, sets = append(all, c.Name), append(sets, c.Name+" = excluded."+c.Name)
	}
	sql := fmt.Sprintf("INSERT INTO gondola.%s AS stored (%s) %s ON CONFLICT (%s) DO UPDATE SET %s",
		t.Name, strings.Join(all, ", "), query, strings.Join(keys, ", "), strings.Join(sets, ", "))
	if t.Unless != "" {
		sql += " WHERE NOT " + t.Unless
	}
	return sql
}

// Select returns the values of session, if the rows belong to one whose id is $1,
// and of all columns, whose arguments are as arg says.
func (t Table) Select(arg func(n int, c Column) string) string {
	var values []string
	if t.Session {
		values = append(values, num)
	}
	for n, c := range t.Columns() {
		value := arg(n, c)
		if c.Form != "" {
			value = fmt.Sprintf(c.Form, value)
		}
		values = append(values, value)
	}
	return strings.Join(values, ", ")
}

// stamp writes a time so that text sorts as times do.
func stamp(t time.Time) string { return t.UTC().Format(Stamp) }

// Stamp is the form of a time in a statement.
const Stamp = "2006-01-02T15:04:05.000000Z"

// moment is a time that is read: databases keep them as such or as text.
type moment struct{ time.Time }

// Scan reads a time.
func (m *moment) Scan(value any) (err error) {
	switch v := value.(type) {
	case time.Time:
		m.Time = v.UTC()
	case string:
		m.Time, err = time.Parse(time.RFC3339Nano, v)
	default:
		err = fmt.Errorf("%T is no time", value)
	}
	return err
}
