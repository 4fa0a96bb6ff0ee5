package bandwidth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

func TestParseRate(t *testing.T) {
	for s, want := range map[string]Rate{
		"512k": 512 * kib, "512K": 512 * kib, "10M": 10 * mib, "1.5G": 3 << 29, "4000000B": 4_000_000, "7b": 7,
		"512": 512 * kib, "0.5": 512, ".5k": 512, "2.": 2 * kib, "1T": 1 << 40, "1P": 1 << 50, "1Mi": mib, "1MiB": mib,
		"off": Unlimited, "OFF": Unlimited, "0": Unlimited, "0M": Unlimited,
	} {
		if got, err := parseRate(s); err != nil || got != want {
			t.Errorf("parseRate(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for s, says := range map[string][]string{
		"":                        {"empty", "512k"},
		" ; ":                     {"empty"},
		"fast":                    {`"fast" is not a rate`, "512k"},
		"10MB":                    {`"10MB" is not a rate`},
		"-1":                      {`"-1" is not a rate`},
		"1e3":                     {`"1e3" is not a rate`},
		"inf":                     {`"inf" is not a rate`},
		"0x10":                    {`"0x10" is not a rate`},
		"10M:":                    {`"" is not a rate`},
		"1:2:3":                   {`"2:3" is not a rate`},
		"0.1B":                    {"less than one byte"},
		"1025T":                   {"more than 1P"},
		"9999999999999999999999P": {"more than 1P"},
		"10M 5M":                  {`"10M" is not a time with a rate`, "hh:mm,RATE"},
		"08:00,512k 12:00":        {`"12:00" is not a time with a rate`},
		"8:00,512k":               {`"8:00" is not a time`, `in "8:00,512k"`},
		"24:00,512k":              {`"24:00" is not a time`},
		"12:60,512k":              {`"12:60" is not a time`},
		"12.30,512k":              {`"12.30" is not a time`},
		"12:00,quick":             {`"quick" is not a rate`, `in "12:00,quick"`},
		"12:00,1M,2M":             {`"1M,2M" is not a rate`},
		"Moon-12:00,1M":           {`"Moon" is not a weekday`, "Mon", `in "Moon-12:00,1M"`},
		"Mon-Tue-12:00,1M":        {`"Tue-12:00" is not a time`},
		",":                       {`"" is not a rate`},
	} {
		_, err := Parse(s)
		if err == nil {
			t.Errorf("Parse(%q) succeeded", s)
			continue
		}
		for _, part := range says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Parse(%q) = %v, want %q in it", s, err, part)
			}
		}
	}
}

// at returns a time of the week that begins on Sunday, 4 January 2026.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	weekday, clock, _ := strings.Cut(s, " ")
	d, err := parseWeekday(weekday)
	if err != nil {
		t.Fatal(err)
	}
	c, err := time.Parse("15:04:05", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 1, 4+int(d), c.Hour(), c.Minute(), c.Second(), 0, time.FixedZone("", -5*3600))
}

func TestAt(t *testing.T) {
	const (
		daily  = "08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off"
		weekly = "Mon-00:00,512 Fri-23:59,10M Sun-20:00,off"
		mixed  = "12:00,1M;Saturday-12:00,2M:3M"
	)
	for _, tc := range []struct {
		table    string
		when     string
		up, down Rate
	}{
		{"10M", "Tue 03:04:05", 10 * mib, 10 * mib},
		{"10M:1M", "Tue 03:04:05", 10 * mib, mib},
		{"off:1M", "Tue 03:04:05", Unlimited, mib},
		{daily, "Wed 07:59:59", Unlimited, Unlimited}, // since 23:00 of the day before
		{daily, "Wed 08:00:00", 512 * kib, 512 * kib},
		{daily, "Wed 12:59:59", 10 * mib, 10 * mib},
		{daily, "Wed 13:00:00", 512 * kib, 512 * kib},
		{daily, "Wed 23:59:59", Unlimited, Unlimited},
		{daily, "Sun 00:00:00", Unlimited, Unlimited},
		{weekly, "Mon 00:00:00", 512 * kib, 512 * kib},
		{weekly, "Fri 23:58:59", 512 * kib, 512 * kib},
		{weekly, "Fri 23:59:00", 10 * mib, 10 * mib},
		{weekly, "Sun 19:59:59", 10 * mib, 10 * mib}, // the week goes round
		{weekly, "Sun 20:00:00", Unlimited, Unlimited},
		{mixed, "Fri 12:00:00", mib, mib},
		{mixed, "Sat 11:59:59", mib, mib},
		{mixed, "Sat 12:00:00", 2 * mib, 3 * mib}, // the later entry counts
		{mixed, "Sun 11:59:59", 2 * mib, 3 * mib},
	} {
		table, err := Parse(tc.table)
		if err != nil {
			t.Fatal(err)
		}
		if up, down := table.At(at(t, tc.when)); up != tc.up || down != tc.down {
			t.Errorf("%q at %s: %v up, %v down, want %v, %v", tc.table, tc.when, up, down, tc.up, tc.down)
		}
	}
}

func TestUnlimited(t *testing.T) {
	for s, want := range map[string]bool{"off": true, "0:off": true, "08:00,off": true, "off:1M": false, "08:00,off 09:00,1k": false} {
		table, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Unlimited(); got != want {
			t.Errorf("Unlimited of %q = %v, want %v", s, got, want)
		}
	}
	var zero Timetable
	if up, down := zero.At(time.Now()); up != Unlimited || down != Unlimited || !zero.Unlimited() || zero.String() != "off" {
		t.Errorf("the zero timetable limits: %v, %v, %s", up, down, zero)
	}
}

func TestRateString(t *testing.T) {
	for rate, want := range map[Rate]string{
		Unlimited: "off", -1: "off", 1: "1B", 1023: "1023B", 1024: "1K", 1536: "1536B", 10 * mib: "10M", 3 << 29: "1536M", 1 << 50: "1P",
	} {
		if got := rate.String(); got != want {
			t.Errorf("String of %d = %s, want %s", int64(rate), got, want)
		}
	}
}

// TestAtIsTheLastEntry compares At with looking back minute by minute.
func TestAtIsTheLastEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SliceOfNDistinct(rapid.IntRange(0, week-1), 1, 12, rapid.ID).Draw(t, "minutes")
		rates := map[int]Rate{}
		var entries []string
		for i, m := range minutes {
			rates[m] = Rate(i + 1)
			entries = append(entries, fmt.Sprintf("%s-%02d:%02d,%dB", time.Weekday(m/day), m%day/60, m%60, i+1))
		}
		table, err := Parse(strings.Join(entries, " "))
		if err != nil {
			t.Fatal(err)
		}
		m := rapid.IntRange(0, week-1).Draw(t, "now")
		got, _ := table.At(time.Date(2026, 1, 4, 0, m, 59, 0, time.UTC))
		for rates[m] == 0 {
			m = (m + week - 1) % week
		}
		if got != rates[m] {
			t.Errorf("%v: %v, want %v", table, got, rates[m])
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"10M:off", "1.5G", "08:00,512k 12:00,10M 19:00,off", "Mon-00:00,512 Fri-23:59,10M Sun-20:00,off", "00:00,.1B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, err := Parse(s)
		if err != nil {
			return
		}
		second, err := Parse(first.String())
		if err != nil {
			t.Fatalf("Parse(%q), the string of %q: %v", first, s, err)
		}
		for m := 0; m < week; m += 59 {
			when := time.Date(2026, 1, 4, 0, m, 0, 0, time.UTC)
			up, down := first.At(when)
			if up < 0 || down < 0 || up > maxRate || down > maxRate {
				t.Fatalf("%q at %v: %d, %d", s, when, up, down)
			}
			if up2, down2 := second.At(when); up2 != up || down2 != down {
				t.Errorf("%q at %v: %v, %v; read from %q: %v, %v", s, when, up, down, first, up2, down2)
			}
		}
	})
}
