// Package retry repeats an operation while its failures are transient.
//
// Whether to retry is a property of the error ([fault.ClassOf]), decided where
// the service is known; this package only knows when.
package retry
