package doctor

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Differences of clocks. The Date of an answer is cut to whole seconds.
const (
	clockExact = 3 * time.Second // cannot be distinguished from none
	clockClose = time.Minute     // harms nothing
	clockFar   = 5 * time.Minute // certificates, tokens and signed addresses fail
)

// Clock compares the clock of this machine with what the services say the time
// is. now is the clock; nil means time.Now.
func Clock(services []Service, now func() time.Time) Check {
	if now == nil {
		now = time.Now
	}
	return Check{"clock", func(ctx context.Context) []Finding {
		skews := make([]*time.Duration, len(services))
		var asking sync.WaitGroup
		for n, s := range services {
			asking.Go(func() {
				began := now()
				if p := probe(ctx, s.URL); p.err == nil && !p.date.IsZero() {
					// Halfway through the request, and through the second that was cut.
					skew := began.Add(p.took / 2).Sub(p.date.Add(time.Second / 2))
					skews[n] = &skew
				}
			})
		}
		asking.Wait()
		return []Finding{clockFinding(services, skews)}
	}}
}

// clockFinding judges how far this clock is ahead of each service's; nil is a
// service that did not say.
func clockFinding(services []Service, skews []*time.Duration) Finding {
	var worst time.Duration
	var agree, known []string
	for n, skew := range skews {
		if skew == nil {
			continue
		}
		if host := hostOf(services[n].URL); skew.Abs() <= clockExact {
			agree = append(agree, host)
		} else {
			known = append(known, difference(*skew)+" "+host)
		}
		if skew.Abs() > worst.Abs() {
			worst = *skew
		}
	}
	if agree != nil {
		known = append(known, "right by "+strings.Join(agree, " and "))
	}
	f := Finding{Level: OK, What: "this clock is " + strings.Join(known, ", ")}
	switch {
	case len(known) == 0:
		return Finding{Level: Note, What: "no service said what time it is, so that the clock could not be checked",
			Why: "a wrong clock makes certificates and tokens look expired, or expired ones good", Remedy: "date -u"}
	case worst.Abs() <= clockExact:
		return f
	case worst.Abs() <= clockClose:
		f.Level, f.Why = Note, "so little harms nothing"
		return f
	case worst.Abs() <= clockFar:
		f.Level, f.Why = Warning, "ends of tokens and relative windows such as --start 30d are off by as much"
	default:
		f.Level, f.Why = Problem, "certificates, tokens and signed addresses look expired, or expired ones good"
	}
	f.Remedy = setClock(runtime.GOOS)
	return f
}

func difference(skew time.Duration) string {
	if skew = skew.Round(time.Second); skew > 0 {
		return fmt.Sprintf("%v ahead of", skew)
	}
	return fmt.Sprintf("%v behind", -skew)
}

func setClock(system string) string {
	switch system {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}
