package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/transport"
	"github.com/gondola-sync/gondola/state"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartial     = 3
	exitAuth        = 4
	exitQuota       = 5
	exitLocked      = 6
	exitMissing     = 7
	exitInterrupted = 130
)

var (
	// errPartial ends a run that finished, but some items failed.
	errPartial = errors.New("some items failed")
	// errMissing ends a verification that found something missing.
	errMissing = errors.New("verification found something missing")
	// errEnded ends a command that runs until it is asked to stop: no failure.
	errEnded = errors.New("ended")
	// errInterrupted is the cause of a context that a signal has ended.
	errInterrupted = errors.New("interrupted")
)

// exitCode is the only place that turns a failure into an exit code.
func exitCode(err error) int {
	if err == nil || errors.Is(err, errEnded) {
		return exitDone
	}
	if errors.Is(err, errInterrupted) && !unsaved(err) {
		return exitInterrupted
	}
	if isUsage(err) {
		return exitUsage
	}
	if _, ok := errors.AsType[*state.LockedError](err); ok {
		return exitLocked
	}
	switch fault.CodeOf(err) {
	case fault.Locked:
		return exitLocked
	case fault.Auth, fault.Scope:
		return exitAuth
	case fault.Quota, fault.Storage:
		return exitQuota
	}
	switch {
	case errors.Is(err, errPartial):
		return exitPartial
	case errors.Is(err, errMissing):
		return exitMissing
	}
	return exitFailed
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

func isUsage(err error) bool {
	_, ours := errors.AsType[*usageError](err)
	_, setting := errors.AsType[*config.UsageError](err)
	_, proxy := errors.AsType[*transport.VariableError](err)
	return ours || setting || proxy || errors.Is(err, gondola.ErrOtherQuestion)
}

// reportedError is a failure that the command has reported already.
type reportedError struct{ err error }

func (e *reportedError) Error() string { return e.err.Error() }
func (e *reportedError) Unwrap() error { return e.err }

// reported marks err as reported; nil stays nil.
func reported(err error) error {
	if err == nil {
		return nil
	}
	return &reportedError{err}
}

// unsaved reports whether a run that was interrupted could not store everything.
func unsaved(err error) bool {
	return errors.Is(err, errInterrupted) && fault.CodeOf(err) == fault.State
}

// onceEach drops lines that repeat the one before: what stages that run side by
// side fail of is often the same.
func onceEach(lines string) string {
	return strings.Join(slices.Compact(strings.Split(lines, "\n")), "\n")
}

// oneLine puts the failures that are joined in a message into one line, each once.
func oneLine(message string) string {
	return strings.ReplaceAll(onceEach(message), "\n", "; ")
}

// unreachableHint is what to do about a service that does not answer.
const unreachableHint = "look at the connection to the internet; gondola doctor shows what does not answer"

// describe puts a failure into words, without secrets.
func describe(err error, redact func(string) string) errorObject {
	d := errorObject{Class: fault.Session, Code: "failed", Message: redact(onceEach(err.Error()))}
	switch failure, isFault := errors.AsType[*fault.Error](err); {
	case unsaved(err):
		d.Code, d.Message = fault.State, "interrupted while the store of sessions did not answer: what was achieved since then is not saved"
		d.Hint = "run the same command again: what is at the destination is found there, the rest is sent"
	case exitCode(err) == exitInterrupted:
		d.Code, d.Message = "interrupted", "interrupted; everything achieved is saved"
		d.Hint = "run the same command again to go on"
	case isUsage(err):
		d.Code, d.Hint = "usage", cmp.Or(redact(fault.HintOf(err)), "gondola help shows every command, gondola COMMAND --help its flags")
	case exitCode(err) == exitLocked:
		d.Code = "locked"
		d.Hint = "wait until that process has ended, or end it; a lock whose holder is gone is taken over"
	case isFault:
		d.Class, d.Code, d.Hint, d.Until = failure.Class, failure.Code, redact(failure.Hint), failure.Until
		if d.Code == fault.Unreachable && d.Hint == "" {
			d.Hint = unreachableHint
		}
	case render.IsOutput(err):
		d.Code, d.Hint = "output", "see that there is room where it goes, then run the command again"
	case errors.Is(err, context.DeadlineExceeded):
		d.Code = fault.Unreachable
	}
	return d
}
