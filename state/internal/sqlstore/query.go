package sqlstore

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// pageQuery returns the statement for a page of items. It compares the keys of the
// index that has the order. Unless it is direct it picks them before their
// documents, for planners that cannot know how much there is in a session that has
// just been filled.
func pageQuery(session string, q driver.Query, direct bool) (sql string, args []any) {
	if !direct && q == (driver.Query{Next: q.Next, After: q.After, Limit: q.Limit}) && q.Next != "" {
		return pendingPage, []any{session, q.Next, q.After, q.Limit}
	}
	p := page{args: []any{session}, where: []string{"session = " + num}}
	k := p.key(q, direct)
	p.between(k, q)
	p.filter(q, k)
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	columns := strings.Join(k.columns, ", ")
	keys := " FROM gondola.items WHERE " + strings.Join(p.where, " AND ") +
		" ORDER BY " + strings.Join(k.columns, direction+", ") + direction + " LIMIT " + p.arg(q.Limit, "bigint")
	if direct {
		return "SELECT seq, document" + keys, p.args
	}
	return "SELECT item.seq, item.document FROM (SELECT session, " + columns + keys + `) AS page
		CROSS JOIN LATERAL (SELECT seq, document FROM gondola.items
			WHERE session = page.session AND ` + k.row + ` = page.` + k.row + ` LIMIT 1) AS item
		ORDER BY page.` + strings.Join(k.columns, direction+", page.") + direction, p.args
}

// pendingPage picks the next items that await a stage.
const pendingPage = `
	SELECT page.seq, item.document
	FROM (SELECT session, seq FROM gondola.pending
		WHERE (session, stage, seq) > (` + num + `, $2::text, $3::bigint)
			AND (session, stage, seq) <= (` + num + `, $2::text, 9223372036854775807)
		ORDER BY session, stage, seq LIMIT $4) AS page
	CROSS JOIN LATERAL (SELECT document FROM gondola.items
		WHERE session = page.session AND seq = page.seq LIMIT 1) AS item
	ORDER BY page.seq`

// page is a statement being written.
type page struct {
	args  []any
	where []string
}

func (p *page) arg(value any, kind string) string {
	p.args = append(p.args, value)
	return "$" + strconv.Itoa(len(p.args)) + "::" + kind
}

// key is the index that has an order, and the part of it that a page may be in.
type key struct {
	equal       string   // the column that it begins with, after the session; "" for none
	columns     []string // by which it is sorted
	row         string   // the name that tells the rows of a session apart
	first, last []string // values of the columns; nil for no bound
	after       []string // of the row that the page comes after; nil for none
}

func (p *page) key(q driver.Query, direct bool) key {
	switch {
	case q.Order == driver.ByName:
		return p.byName(q)
	case q.Order == driver.ByCaptured:
		return p.byCaptured(q)
	}
	k := key{columns: []string{"seq"}, row: "seq"}
	switch {
	case q.Next != "" && direct:
		k.equal = "awaits"
		p.where = append(p.where, "awaits = "+p.arg(q.Next, "text"), "awaits <> ''")
	case q.Outcome != "":
		k.equal = "outcome"
		p.where = append(p.where, "outcome = "+p.arg(q.Outcome, "text"))
	}
	if q.After != 0 {
		k.after = []string{p.arg(q.After, "bigint")}
	}
	return k
}

func (p *page) byName(q driver.Query) key {
	k := key{columns: []string{"name"}, row: "name"}
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
	k := key{columns: []string{"captured", "seq"}, row: "seq"}
	if (q.From != "" || q.Until != "") && begins(q) {
		k.first = []string{p.arg(max(q.From, "0"), "text"), "0"}
	}
	if q.Until != "" && ends(q) {
		k.last = []string{p.arg(q.Until, "text"), strconv.Itoa(math.MaxInt64)}
	}
	if q.After != 0 {
		k.after = []string{p.cursor("captured", q), p.arg(q.After, "bigint")}
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
func (p *page) filter(q driver.Query, k key) {
	and := func(column, operator, value string) {
		p.where = append(p.where, column+" || '' "+operator+" "+p.arg(value, "text")+` COLLATE "C"`)
	}
	if q.Next != "" && k.equal != "awaits" {
		and("awaits", "=", q.Next)
	}
	if q.Outcome != "" && k.equal != "outcome" {
		and("outcome", "=", q.Outcome)
	}
	if q.Prefix != "" && q.Order != driver.ByName {
		and("name", ">=", q.Prefix)
		and("name", "<", q.Prefix+"\U0010FFFF")
	}
	if q.Order == driver.ByCaptured || q.From == "" && q.Until == "" {
		return
	}
	and("captured", ">=", max(q.From, "0"))
	if q.Until != "" {
		and("captured", "<=", q.Until)
	}
}
