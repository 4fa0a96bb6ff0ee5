// Package regular reads files whose path comes from outside: settings,
// credentials, documents of a store. It opens regular files only, never blocks
// on a FIFO or a device, and bounds what is read.
package regular
