package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Endpoint checks the address of a service's API and returns it without a
// trailing slash. Plain http is accepted for loopback addresses only; anything
// else, and an address with a user, query or fragment, is a [*UsageError] that
// names the setting.
func Endpoint(setting, raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return "", endpointError(setting, raw, "is not the address of a service, such as https://api.example.com")
	case u.User == nil && strings.Contains(raw, "@"): // the rest of a password, perhaps
		return "", &UsageError{Message: setting + ": the value is not the address of a service: it has an @ in it"}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", endpointError(setting, raw, "must have no user, query or fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", endpointError(setting, raw, "must be https: plain http is accepted for loopback addresses only")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", endpointError(setting, raw, "must begin with https://")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func endpointError(setting, raw, why string) error {
	if u, err := url.Parse(raw); err == nil {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		raw = u.String()
	} else {
		raw = "value"
	}
	return &UsageError{Message: fmt.Sprintf("%s: %s %s", setting, raw, why)}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
