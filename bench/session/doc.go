// Package session makes the sessions that are measured: of any size, with all
// items carried and registered but the last few.
package session
