package emulator

import (
	"errors"
	"fmt"
)

// Arrivals are what a mover has made of the account so far.
type Arrivals struct {
	Files []Arrival // one for each of GoPro.Expected
	// Strange are items in Google Photos with bytes that no file to be carried
	// has.
	Strange []Item
}

// Arrival is one expected file and what became of it.
type Arrival struct {
	Expectation
	Copies int `json:"copies"` // items in Google Photos with its bytes
}

// OK reports whether a file that is to be carried lies in Google Photos once, and
// one that is not does not.
func (a Arrival) OK() bool {
	if a.Refused {
		return a.Copies == 0
	}
	return a.Copies == 1
}

// Arrivals compares what the default GoPro account is to give with what lies in
// Google Photos, in all accounts there, byte for byte. It needs
// GoogleOptions.Digest to be SHA-256.
func (e *Emulator) Arrivals() Arrivals { return arrivals(e.GoPro.Expected(), e.Google.Items()) }

func arrivals(expected []Expectation, items []Item) Arrivals {
	copies, carried := map[string]int{}, map[string]bool{}
	for _, it := range items {
		copies[it.SHA256]++
	}
	var a Arrivals
	for _, x := range expected {
		a.Files = append(a.Files, Arrival{x, copies[x.SHA256]})
		carried[x.SHA256] = carried[x.SHA256] || !x.Refused
	}
	for _, it := range items {
		if !carried[it.SHA256] {
			a.Strange = append(a.Strange, it)
		}
	}
	return a
}

// Err is nil if every file that is to be carried lies in Google Photos exactly
// once and nothing else does; if not, it names what is missing, doubled or
// strange, an error each.
func (a Arrivals) Err() error {
	var wrong []error
	for _, f := range a.Files {
		if !f.Refused && !f.OK() {
			wrong = append(wrong, fmt.Errorf("%s part %d (%s) is in the library %d times, want once", f.Medium, f.Part, f.Name, f.Copies))
		}
	}
	for _, it := range a.Strange {
		wrong = append(wrong, fmt.Errorf("%s (%d bytes) is in the library and should not be", it.Filename, it.Size))
	}
	return errors.Join(wrong...)
}
