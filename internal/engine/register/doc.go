// Package register is the third stage of a run: it registers what was transferred
// at the destination, one call at a time.
//
// A batch is sent when it is full, when its oldest item has waited long enough,
// and at the end. The first batch of a run is sent with the first item: what
// stands in the way of all of them, a full account or an album that cannot be
// used, shows before hours of upload.
//
// An item whose receipt the destination refuses awaits its transfer again; the
// carrier takes it like any other. An item is sent for registration at most
// mostTries times in a run.
package register
