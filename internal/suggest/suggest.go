// Package suggest finds the known word that a mistyped one is likely to mean.
package suggest

import "strings"

// Nearest returns the known word that is nearest to word, whatever the case of
// either, or "" if none is near: one in three letters may differ, at least two.
// Of equally near words it returns the first.
func Nearest(word string, known ...string) string {
	nearest, least := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least && d < len(k) {
			nearest, least = k, d
		}
	}
	return nearest
}

// DidYouMean returns "; did you mean WORD?" for the nearest known word, or "".
func DidYouMean(word string, known ...string) string {
	if near := Nearest(word, known...); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	before, last := make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i, r := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j, s := range to {
			replaced := last[j]
			if r != s {
				replaced++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && r == to[j-1] && from[i-1] == s {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(to)]
}
