package postgres

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// pageQuery returns the statement for a page of items. It compares the keys of the
// index that has the order, and picks them before their documents, because the
// planner cannot know how much there is in a session that has just been filled.
func pageQuery(session string, q driver.Query, outdated bool) (sql string, args []any) {
	if q == (driver.Query{Next: q.Next, After: q.After, Limit: q.Limit}) {
		return pendingPage, []any{session, q.Next, q.After, q.Limit}
	}
	p := page{args: []any{session}, where: []string{"session = " + num}, captured: "captured"}
	if outdated {
		p.captured = capturedInDocument
	}
	k := p.key(q)
	p.between(k, q)
	p.filter(q)
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	by := func(columns []string) string { return strings.Join(columns, direction+", ") + direction }
	columns := strings.Join(k.columns, ", ")
	return "SELECT item.seq, item.document FROM (SELECT session, " + columns + " FROM gondola.items WHERE " + strings.Join(p.where, " AND ") +
		" ORDER BY " + by(k.columns) + " LIMIT " + p.arg(q.Limit, "bigint") + ") AS page (session, " + strings.Join(k.names, ", ") + `)
		CROSS JOIN LATERAL (SELECT seq, document FROM gondola.items
			WHERE session = page.session AND ` + k.row + ` = page.` + k.row + ` LIMIT 1) AS item
		ORDER BY page.` + strings.Join(k.names, direction+", page.") + direction, p.args
}

// capturedInDocument stands for the column that an older schema does not have.
const capturedInDocument = "coalesce(rtrim(document -> 'gondola' ->> 'captured_at', 'Z'), '')"

// pendingPage picks the next items that await a stage.
const pendingPage = `
	SELECT page.seq, item.document
	FROM (SELECT session, seq FROM gondola.pending
		WHERE (session, stage, seq) > ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, $3::bigint)
			AND (session, stage, seq) <= ((SELECT num FROM gondola.sessions WHERE id = $1), $2::text, 9223372036854775807)
		ORDER BY session, stage, seq LIMIT $4) AS page
	CROSS JOIN LATERAL (SELECT document FROM gondola.items
		WHERE session = page.session AND seq = page.seq LIMIT 1) AS item
	ORDER BY page.seq`

// num is the number of the session.
const num = "(SELECT num FROM gondola.sessions WHERE id = $1)"

// page is a statement being written.
type page struct {
	args     []any
	where    []string
	captured string // the column, or what stands for it
}

func (p *page) arg(value any, kind string) string {
	p.args = append(p.args, value)
	return "$" + strconv.Itoa(len(p.args)) + "::" + kind
}

// key is the index that has an order, and the part of it that a page may be in.
type key struct {
	columns     []string // of the index, after the session
	names       []string // of the columns
	row         string   // the name that tells the rows of a session apart
	first, last []string // values of the columns; nil for no bound
	after       []string // of the row that the page comes after; nil for none
}

func (p *page) key(q driver.Query) key {
	switch {
	case q.Order == driver.ByName:
		return p.byName(q)
	case q.Order == driver.ByCaptured:
		return p.byCaptured(q)
	}
	k := key{columns: []string{"seq"}, names: []string{"seq"}, row: "seq"}
	if q.Outcome != "" {
		p.where = append(p.where, "outcome = "+p.arg(q.Outcome, "text"))
	}
	if q.After != 0 {
		k.after = []string{p.arg(q.After, "bigint")}
	}
	return k
}

func (p *page) byName(q driver.Query) key {
	k := key{columns: []string{"name"}, names: []string{"name"}, row: "name"}
	if q.Prefix != "" && begins(q) {
		k.first = []string{p.arg(q.Prefix, "text")}
	}
	if q.Prefix != "" && ends(q) {
		k.last = []string{p.arg(q.Prefix+"\U0010FFFF", "text")}
	}
	if q.After != 0 {
		k.after = []string{p.cursor("name", q)}
	}
	return k
}

func (p *page) byCaptured(q driver.Query) key {
	k := key{columns: []string{p.captured, "seq"}, names: []string{"captured", "seq"}, row: "seq"}
	if (q.From != "" || q.Until != "") && begins(q) {
		k.first = []string{p.arg(max(q.From, "0"), "text"), "0"}
	}
	if q.Until != "" && ends(q) {
		k.last = []string{p.arg(q.Until, "text"), strconv.Itoa(math.MaxInt64)}
	}
	if q.After != 0 {
		k.after = []string{p.cursor(p.captured, q), p.arg(q.After, "bigint")}
	}
	return k
}

// begins reports whether a page is bounded by the first value of its key, and ends
// whether by the last: the cursor takes the place of one of them.
func begins(q driver.Query) bool { return q.After == 0 || q.Descending }
func ends(q driver.Query) bool   { return q.After == 0 || !q.Descending }

// cursor returns what a column is in the row that the page comes after.
func (p *page) cursor(column string, q driver.Query) string {
	return fmt.Sprintf("(SELECT %s FROM gondola.items WHERE session = %s AND seq = %s)", column, num, p.arg(q.After, "bigint"))
}

// between adds the bounds of the key.
func (p *page) between(k key, q driver.Query) {
	bound := func(operator string, values []string) {
		if values != nil {
			p.where = append(p.where, "("+strings.Join(k.columns, ", ")+") "+operator+" ("+strings.Join(values, ", ")+")")
		}
	}
	bound(">=", k.first)
	bound("<=", k.last)
	if q.Descending {
		bound("<", k.after)
	} else {
		bound(">", k.after)
	}
}

// filter adds what is looked at row by row. Appending nothing keeps the planner
// from taking another index for it, and sorting what that finds.
func (p *page) filter(q driver.Query) {
	and := func(column, operator, value string) {
		p.where = append(p.where, column+" || '' "+operator+" "+p.arg(value, "text")+` COLLATE "C"`)
	}
	if q.Next != "" {
		and("awaits", "=", q.Next)
	}
	if q.Outcome != "" && q.Order != driver.BySeq {
		and("outcome", "=", q.Outcome)
	}
	if q.Prefix != "" && q.Order != driver.ByName {
		and("name", ">=", q.Prefix)
		and("name", "<", q.Prefix+"\U0010FFFF")
	}
	if q.Order == driver.ByCaptured || q.From == "" && q.Until == "" {
		return
	}
	and(p.captured, ">=", max(q.From, "0"))
	if q.Until != "" {
		and(p.captured, "<=", q.Until)
	}
}
