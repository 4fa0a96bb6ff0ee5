package monitor

import (
	"cmp"
	"errors"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/progress"
)

// faultOf returns an error as a value, or nil.
func faultOf(err error) *progress.Fault {
	if err == nil {
		return nil
	}
	f := &progress.Fault{
		Class:   fault.ClassOf(err),
		Code:    cmp.Or(fault.CodeOf(err), "failed"),
		Message: lifecycle.Scrub(err.Error()),
		Hint:    lifecycle.Scrub(fault.HintOf(err)),
	}
	if failure, ok := errors.AsType[*fault.Error](err); ok {
		f.Until = failure.Until
	}
	return f
}
