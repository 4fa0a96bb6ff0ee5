package sqlstore

import (
	"math"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// pageQuery returns the statement for a page of items. It compares and sorts by
// all columns of an index that follow the session, also by one that has the same
// value in the whole page: no other index has that order.
func pageQuery(session string, q driver.Query, awaitsIndexed bool) (sql string, args []any) {
	p := page{Query: q, key: keyOf(q, awaitsIndexed), args: []any{session}, where: []string{"session = " + num}}
	p.between()
	for _, column := range []string{"awaits", "outcome", "name", "captured"} {
		if column != p.key[0] {
			p.filter(column)
		}
	}
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	sql = "SELECT seq, document FROM gondola.items WHERE " + strings.Join(p.where, " AND ") +
		" ORDER BY " + strings.Join(p.key, direction+", ") + direction + " LIMIT " + p.arg(int64(q.Limit))
	return sql, p.args
}

// keyOf returns the columns of the index that has the order of q.
func keyOf(q driver.Query, awaitsIndexed bool) []string {
	switch {
	case q.Order == driver.ByName:
		return []string{"name"}
	case q.Order == driver.ByCaptured:
		return []string{"captured", "seq"}
	case q.Next != "" && awaitsIndexed:
		return []string{"awaits", "seq"}
	case q.Outcome != "":
		return []string{"outcome", "seq"}
	}
	return []string{"seq"}
}

// page is a statement being written.
type page struct {
	driver.Query
	key   []string
	args  []any
	where []string
}

// arg adds an argument, and returns what stands for it.
func (p *page) arg(value any) string {
	kind := "text"
	if _, ok := value.(int64); ok {
		kind = "bigint"
	}
	p.args = append(p.args, value)
	return "$" + strconv.Itoa(len(p.args)) + "::" + kind
}

// span returns what a column may be, both ends included; "" is open.
func (p *page) span(column string) (from, to string) {
	switch column {
	case "awaits":
		return p.Next, p.Next
	case "outcome":
		return p.Outcome, p.Outcome
	case "name":
		if p.Prefix != "" {
			return p.Prefix, p.Prefix + "\U0010FFFF"
		}
	case "captured":
		if p.Until != "" {
			return max(p.From, "0"), p.Until // and not those without
		}
		return p.From, ""
	}
	return "", ""
}

// between adds the bounds of the key. The row that the page comes after takes the
// place of one of them.
func (p *page) between() {
	from, to := p.span(p.key[0])
	after := ">"
	switch {
	case p.After == 0:
	case p.Descending:
		after, to = "<", ""
	default:
		from = ""
	}
	if from != "" {
		p.bound(">=", from, "0")
	}
	if to != "" {
		p.bound("<=", to, strconv.Itoa(math.MaxInt64))
	}
	if p.After != 0 {
		p.compare(after, p.cursor)
	}
	if p.key[0] == "awaits" {
		p.where = append(p.where, "awaits <> ''") // as its index says
	}
}

// bound compares the key with a value of its first column, and a number.
func (p *page) bound(operator, value, seq string) {
	p.compare(operator, func(column string) string {
		if column == "seq" {
			return seq
		}
		return p.arg(value)
	})
}

// compare compares the key with a value of each column.
func (p *page) compare(operator string, value func(column string) string) {
	var values []string
	for _, column := range p.key {
		values = append(values, value(column))
	}
	p.where = append(p.where, "("+strings.Join(p.key, ", ")+") "+operator+" ("+strings.Join(values, ", ")+")")
}

// cursor returns what a column is in the row that the page comes after.
func (p *page) cursor(column string) string {
	switch column {
	case "seq":
		return p.arg(p.After)
	case "awaits":
		return p.arg(p.Next)
	case "outcome":
		return p.arg(p.Outcome)
	}
	return "(SELECT " + column + " FROM gondola.items WHERE session = " + num + " AND seq = " + p.arg(p.After) + ")"
}

// filter adds what is looked at row by row. Appending nothing keeps the planner
// from taking another index for it, and sorting what that finds.
func (p *page) filter(column string) {
	from, to := p.span(column)
	if from != "" {
		p.where = append(p.where, column+" || '' >= "+p.arg(from)+` COLLATE "C"`)
	}
	if to != "" {
		p.where = append(p.where, column+" || '' <= "+p.arg(to)+` COLLATE "C"`)
	}
}
