// Package observe reads from a store what runs in other processes are doing. It
// takes no lock and changes nothing.
package observe
