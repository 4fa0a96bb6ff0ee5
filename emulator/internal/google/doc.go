// Package google is what the services of Google have in common: the frontend that
// checks tokens and counts calls, quotas, errors, and the JSON dialect of its front
// end.
package google
