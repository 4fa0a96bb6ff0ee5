package main

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/gondola-sync/gondola/resumable"
)

// success is the line of an upload that is complete.
type success struct {
	Status      int    `json:"status"`
	Bytes       int64  `json:"bytes"`
	ResumedFrom int64  `json:"resumed_from"`
	Response    string `json:"response"`
}

// failure is the line of one that failed.
type failure struct {
	Error problem `json:"error"`
}

type problem struct {
	Kind    string `json:"kind"`
	Status  int    `json:"status"` // of HTTP; 0: none
	Message string `json:"message"`
}

// report prints a line of JSON.
func report(w io.Writer, line any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(line) // standard output may be closed
}

// inputError is a failure of what the command was given.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// failureOf says of which kind an error is.
func failureOf(err error) problem {
	p := problem{Kind: "transport", Message: err.Error()}
	status, refused := errors.AsType[*resumable.StatusError](err)
	_, corrupt := errors.AsType[*resumable.ChecksumError](err)
	_, senseless := errors.AsType[*resumable.ProtocolError](err)
	switch {
	case refused:
		p.Kind, p.Status = "status", status.HTTP
	case corrupt:
		p.Kind = "checksum"
	case senseless:
		p.Kind = "protocol"
	case isInput(err):
		p.Kind = "input"
	}
	return p
}

func isInput(err error) bool {
	if _, ok := errors.AsType[inputError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*resumable.SourceError](err); ok {
		return true
	}
	for _, e := range []error{resumable.ErrGranularity, resumable.ErrOffset, resumable.ErrUnsupported, resumable.ErrCheckpoint} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
