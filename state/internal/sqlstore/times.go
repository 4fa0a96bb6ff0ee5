package sqlstore

import (
	"fmt"
	"time"
)

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
