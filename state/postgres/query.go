package postgres

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
)

// pageQuery returns the statement for a page of items. It compares whole keys of
// the index that has the order, because the planner cannot know how much there is
// in a session that has just been filled: counting on little, it would collect
// all of it and sort.
func pageQuery(session string, q driver.Query, outdated bool) (sql string, args []any) {
	p := page{args: []any{session}, captured: "captured"}
	if outdated {
		p.captured = capturedInDocument
	}
	if q.Next != "" && q == (driver.Query{Next: q.Next, After: q.After, Limit: q.Limit}) {
		return pendingPage, []any{session, q.Next, q.After, q.Limit}
	}
	k := p.key(q)
	p.between(k, q)
	p.filter(q)
	direction := ""
	if q.Descending {
		direction = " DESC"
	}
	order := strings.Join(k.columns, direction+", ") + direction
	return "SELECT seq, document FROM gondola.items WHERE " + strings.Join(p.where, " AND ") +
		" ORDER BY " + order + " LIMIT " + p.arg(q.Limit, "bigint"), p.args
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
	columns     []string
	first, last []string // values of the columns
	after       []string // of the row that the page comes after; nil for none
}

func (p *page) key(q driver.Query) key {
	k := key{columns: []string{"session", "seq"}, first: []string{num, "0"}, last: []string{num, strconv.Itoa(math.MaxInt64)}}
	switch {
	case q.Order == driver.ByName:
		k = p.byName(q)
	case q.Order == driver.ByCaptured:
		k = p.byCaptured(q)
	case q.Outcome != "":
		outcome := p.arg(q.Outcome, "text")
		k.columns = []string{"session", "outcome", "seq"}
		k.first, k.last = []string{num, outcome, "0"}, []string{num, outcome, strconv.Itoa(math.MaxInt64)}
		if q.After != 0 {
			k.after = []string{num, outcome, p.arg(q.After, "bigint")}
		}
	case q.After != 0:
		k.after = []string{num, p.arg(q.After, "bigint")}
	}
	return k
}

// begins reports whether a page is bounded by the first value of its key, and ends
// whether by the last: the cursor takes the place of one of them.
func begins(q driver.Query) bool { return q.After == 0 || q.Descending }
func ends(q driver.Query) bool   { return q.After == 0 || !q.Descending }

func (p *page) byName(q driver.Query) key {
	k := key{columns: []string{"session", "name"}, first: []string{num, "''"}, last: []string{num + " + 1", "''"}}
	if q.Prefix != "" && begins(q) {
		k.first = []string{num, p.arg(q.Prefix, "text")}
	}
	if q.Prefix != "" && ends(q) {
		k.last = []string{num, p.arg(q.Prefix+"\U0010FFFF", "text")}
	}
	if q.After != 0 {
		k.after = []string{num, p.cursor("name", q)}
	}
	return k
}

func (p *page) byCaptured(q driver.Query) key {
	k := key{columns: []string{"session", p.captured, "seq"}, first: []string{num, "''", "0"}, last: []string{num + " + 1", "''", "0"}}
	if (q.From != "" || q.Until != "") && begins(q) {
		k.first[1] = p.arg(max(q.From, "0"), "text")
	}
	if q.Until != "" && ends(q) {
		k.last = []string{num, p.arg(q.Until, "text"), strconv.Itoa(math.MaxInt64)}
	}
	if q.After != 0 {
		k.after = []string{num, p.cursor(p.captured, q), p.arg(q.After, "bigint")}
	}
	return k
}

// cursor returns what a column is in the row that the page comes after.
func (p *page) cursor(column string, q driver.Query) string {
	return fmt.Sprintf("(SELECT %s FROM gondola.items WHERE session = %s AND seq = %s)", column, num, p.arg(q.After, "bigint"))
}

// between adds the bounds of the key.
func (p *page) between(k key, q driver.Query) {
	row := func(values []string) string { return "(" + strings.Join(values, ", ") + ")" }
	low, high := ">= "+row(k.first), "<= "+row(k.last)
	switch {
	case k.after != nil && q.Descending:
		high = "< " + row(k.after)
	case k.after != nil:
		low = "> " + row(k.after)
	}
	p.where = append(p.where, row(k.columns)+" "+low, row(k.columns)+" "+high)
}

// filter adds what is looked at row by row.
func (p *page) filter(q driver.Query) {
	and := func(condition string) { p.where = append(p.where, condition) }
	if q.Next != "" {
		and("awaits = " + p.arg(q.Next, "text"))
	}
	if q.Outcome != "" && q.Order != driver.BySeq {
		and("outcome = " + p.arg(q.Outcome, "text"))
	}
	if q.Prefix != "" && q.Order != driver.ByName {
		and("starts_with(name, " + p.arg(q.Prefix, "text") + ")")
	}
	if q.Order == driver.ByCaptured || q.From == "" && q.Until == "" {
		return
	}
	and(p.captured + " >= " + p.arg(max(q.From, "0"), "text") + ` COLLATE "C"`)
	if q.Until != "" {
		and(p.captured + " <= " + p.arg(q.Until, "text") + ` COLLATE "C"`)
	}
}
