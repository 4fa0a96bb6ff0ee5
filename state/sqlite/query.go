package sqlite

import (
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// pageQuery returns the statement for a page of items. For a session without any
// it has one row without item. What the order's index cannot answer is looked at
// row by row: a plus keeps SQLite from trying another index, and then sorting.
func pageQuery(id string, q driver.Query, outdated bool) (query string, args []any) {
	p := page{args: []any{id}, captured: "captured"}
	if outdated {
		p.captured = ""
	}
	if q.Next != "" {
		p.and(p.column("awaits", q.Order == driver.BySeq)+" = ?", q.Next)
	}
	if q.Outcome != "" {
		p.and(p.column("outcome", q.Order == driver.BySeq && q.Next == "")+" = ?", q.Outcome)
	}
	if q.Prefix != "" {
		name := p.column("name", q.Order == driver.ByName)
		p.and(name+" >= ?", q.Prefix)
		p.and(name+" < ?", q.Prefix+"\U0010FFFF")
	}
	p.bound(q)
	order := p.sort(q)
	p.args = append(p.args, q.Limit)
	return "SELECT i.seq, i.document FROM session s LEFT JOIN item i ON i.session = s.number" + p.where.String() +
		" WHERE s.id = ?1 ORDER BY " + order + " LIMIT ?" + strconv.Itoa(len(p.args)), p.args
}

// page is a statement being written.
type page struct {
	where    strings.Builder
	args     []any
	captured string // the column; "" in an older schema, which has none
}

func (p *page) and(condition string, value any) {
	p.args = append(p.args, value)
	p.where.WriteString(" AND " + strings.ReplaceAll(condition, "?", "?"+strconv.Itoa(len(p.args))))
}

// column returns a column of the item, whose index may be used or not.
func (p *page) column(name string, indexed bool) string {
	if indexed {
		return "i." + name
	}
	return "+i." + name
}

// capturedIn returns when the item of a row of the table item was captured.
func (p *page) capturedIn(alias string) string {
	if p.captured == "" {
		return "rtrim(coalesce(json_extract(" + alias + "document, '$.gondola.captured_at'), ''), 'Z')"
	}
	return alias + p.captured
}

// bound adds the bounds of the capture time. In the order of capture times they
// are of both columns of the index, so that a page begins at its first row, and
// the bound that the cursor has passed is left out.
func (p *page) bound(q driver.Query) {
	if q.From == "" && q.Until == "" {
		return
	}
	captured, from := p.capturedIn("i."), max(q.From, "0")
	if q.Order != driver.ByCaptured {
		p.and("+"+captured+" >= ?", from)
		if q.Until != "" {
			p.and("+"+captured+" <= ?", q.Until)
		}
		return
	}
	if q.After == 0 || q.Descending {
		p.and("("+captured+", i.seq) >= (?, 0)", from)
	}
	if q.Until != "" && (q.After == 0 || !q.Descending) {
		p.and("("+captured+", i.seq) <= (?, 9223372036854775807)", q.Until)
	}
}

// sort adds what a page comes after, and returns the order.
func (p *page) sort(q driver.Query) (order string) {
	after, direction := " > ", ""
	if q.Descending {
		after, direction = " < ", " DESC"
	}
	const other = "FROM item WHERE session = s.number AND seq = ?)"
	switch {
	case q.After == 0:
	case q.Order == driver.ByName:
		p.and("i.name"+after+"(SELECT name "+other, q.After)
	case q.Order == driver.ByCaptured:
		p.and("("+p.capturedIn("i.")+", i.seq)"+after+"((SELECT "+p.capturedIn("")+" "+other+", ?)", q.After)
	default:
		p.and("i.seq"+after+"?", q.After)
	}
	switch q.Order {
	case driver.ByName:
		return "i.name" + direction
	case driver.ByCaptured:
		return p.capturedIn("i.") + direction + ", i.seq" + direction
	}
	return "i.seq" + direction
}
