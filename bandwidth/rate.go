package bandwidth

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Rate is a number of bytes per second, or Unlimited.
type Rate int64

// Unlimited is the rate of a line that is not limited.
const Unlimited Rate = 0

const units = "KMGTP"

// String returns the rate in the form that Parse reads, exactly.
func (r Rate) String() string {
	if r <= Unlimited {
		return "off"
	}
	value, unit := int64(r), -1
	for value%1024 == 0 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	if unit < 0 {
		return fmt.Sprintf("%dB", value)
	}
	return fmt.Sprintf("%d%c", value, units[unit])
}

var ratePattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([bB])|([kKmMgGtTpP])(?:i[bB]?)?)?$`)

const rateForms = `accepted are "off", a number of KiB/s, or one with a suffix B, k, M, G, T or P, such as 512k, 1.5M or 4000000B`

func parseRate(s string) (Rate, error) {
	if strings.EqualFold(s, "off") {
		return Unlimited, nil
	}
	match := ratePattern.FindStringSubmatch(s)
	if match == nil {
		return 0, fmt.Errorf("%q is not a rate; %s", s, rateForms)
	}
	factor := 1024.0
	switch {
	case match[2] != "":
		factor = 1
	case match[3] != "":
		factor = math.Pow(1024, float64(1+strings.Index(units, strings.ToUpper(match[3]))))
	}
	number, err := strconv.ParseFloat(match[1], 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%q is not a rate; %s", s, rateForms)
	}
	switch bytes := number * factor; {
	case bytes == 0:
		return Unlimited, nil
	case bytes < 1:
		return 0, fmt.Errorf("%q is less than one byte per second; %s", s, rateForms)
	case bytes > maxRate:
		return 0, fmt.Errorf("%q is more than %v; %s", s, Rate(maxRate), rateForms)
	default:
		return Rate(bytes), nil
	}
}

// maxRate keeps all arithmetic on rates exact, in bytes per second.
const maxRate = 1 << 50

// parsePair reads "RATE" or "UPLOAD:DOWNLOAD".
func parsePair(s string) (up, down Rate, err error) {
	first, second, two := strings.Cut(s, ":")
	if up, err = parseRate(first); err != nil {
		return 0, 0, err
	}
	if !two {
		return up, up, nil
	}
	down, err = parseRate(second)
	return up, down, err
}

func formatPair(up, down Rate) string {
	if up == down {
		return up.String()
	}
	return up.String() + ":" + down.String()
}
