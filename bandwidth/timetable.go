package bandwidth

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timetable says which rate holds at which time of the week. The zero
// Timetable limits nothing.
type Timetable struct {
	slots []slot // by minute, which are all different
}

// slot is in force from its minute on.
type slot struct {
	minute   int // of the week, from Sunday 00:00
	up, down Rate
}

const (
	day  = 24 * 60 // minutes
	week = 7 * day
)

// Parse reads a limit or a timetable in rclone's grammar; see the package's
// description. Errors name the part that is wrong and what is accepted there.
func Parse(s string) (Timetable, error) {
	slots, err := parse(s)
	if err != nil {
		return Timetable{}, fmt.Errorf("bandwidth limit: %w", err)
	}
	return Timetable{slots}, nil
}

func parse(s string) ([]slot, error) {
	entries := strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	switch {
	case len(entries) == 0:
		return nil, fmt.Errorf("it is empty; %s", rateForms)
	case len(entries) == 1 && !strings.Contains(s, ","):
		up, down, err := parsePair(entries[0])
		return []slot{{0, up, down}}, err
	}
	var slots []slot
	for _, entry := range entries {
		more, err := parseEntry(entry)
		if err != nil {
			return nil, err
		}
		slots = append(slots, more...)
	}
	return latest(slots), nil
}

// latest sorts slots by minute; of several for one minute, the last counts.
func latest(slots []slot) []slot {
	slices.Reverse(slots)
	slices.SortStableFunc(slots, func(a, b slot) int { return cmp.Compare(a.minute, b.minute) })
	return slices.CompactFunc(slots, func(a, b slot) bool { return a.minute == b.minute })
}

const entryForms = "accepted are hh:mm,RATE and Weekday-hh:mm,RATE, such as 08:00,512k or Mon-00:00,10M:off"

// parseEntry reads one entry of a timetable. One without a weekday stands for
// all seven.
func parseEntry(entry string) ([]slot, error) {
	when, rates, ok := strings.Cut(entry, ",")
	if !ok {
		return nil, fmt.Errorf("%q is not a time with a rate; %s", entry, entryForms)
	}
	up, down, err := parsePair(rates)
	if err != nil {
		return nil, fmt.Errorf("in %q: %w", entry, err)
	}
	weekday, clock, ok := strings.Cut(when, "-")
	if !ok {
		clock = when
	}
	minute, err := parseClock(clock)
	if err != nil {
		return nil, fmt.Errorf("in %q: %w; %s", entry, err, entryForms)
	}
	if ok {
		first, err := parseWeekday(weekday)
		if err != nil {
			return nil, fmt.Errorf("in %q: %w", entry, err)
		}
		return []slot{{int(first)*day + minute, up, down}}, nil
	}
	var slots []slot
	for start := 0; start < week; start += day {
		slots = append(slots, slot{start + minute, up, down})
	}
	return slots, nil
}

var clockPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// parseClock returns the minute of the day.
func parseClock(s string) (int, error) {
	match := clockPattern.FindStringSubmatch(s)
	if match == nil {
		return 0, fmt.Errorf("%q is not a time from 00:00 to 23:59", s)
	}
	hour, _ := strconv.Atoi(match[1])
	minute, _ := strconv.Atoi(match[2])
	return hour*60 + minute, nil
}

func parseWeekday(s string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if name := d.String(); strings.EqualFold(s, name) || strings.EqualFold(s, name[:3]) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is not a weekday; accepted are Mon, Tue, Wed, Thu, Fri, Sat, Sun and their full names", s)
}

// At returns the rates in force at t, by the clock of t's location.
func (t Timetable) At(at time.Time) (up, down Rate) {
	if len(t.slots) == 0 {
		return Unlimited, Unlimited
	}
	minute := int(at.Weekday())*day + at.Hour()*60 + at.Minute()
	next, found := slices.BinarySearchFunc(t.slots, minute, func(s slot, m int) int { return cmp.Compare(s.minute, m) })
	if found {
		next++
	}
	if next == 0 { // before the week's first entry, its last holds
		next = len(t.slots)
	}
	s := t.slots[next-1]
	return s.up, s.down
}

// Unlimited reports whether the timetable never limits anything.
func (t Timetable) Unlimited() bool {
	return !slices.ContainsFunc(t.slots, func(s slot) bool { return s.up != Unlimited || s.down != Unlimited })
}

// String returns the timetable in the form that Parse reads.
func (t Timetable) String() string {
	if len(t.slots) == 0 {
		return Unlimited.String()
	}
	if t.constant() {
		return formatPair(t.slots[0].up, t.slots[0].down)
	}
	entries := make([]string, len(t.slots))
	for i, s := range t.slots {
		weekday := time.Weekday(s.minute / day).String()[:3]
		entries[i] = fmt.Sprintf("%s-%02d:%02d,%s", weekday, s.minute%day/60, s.minute%60, formatPair(s.up, s.down))
	}
	return strings.Join(entries, " ")
}

// constant reports whether the same rates hold all week.
func (t Timetable) constant() bool {
	return !slices.ContainsFunc(t.slots, func(s slot) bool { return s.up != t.slots[0].up || s.down != t.slots[0].down })
}
