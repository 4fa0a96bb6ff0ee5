package resumable

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const jsonType = "application/json; charset=UTF-8"

// metadata returns the body that describes an object.
func metadata(m Media) []byte {
	if m.Metadata == nil {
		return []byte("{}")
	}
	return m.Metadata
}

// contentRange describes a chunk: "bytes 0-262143/*", "bytes 262144-300000/300001",
// or "bytes */300001" for the end without bytes.
func contentRange(s Segment) string {
	total := "*"
	if s.Total != Unknown {
		total = strconv.FormatInt(s.Total, 10)
	}
	if s.Length == 0 {
		return "bytes */" + total
	}
	return fmt.Sprintf("bytes %d-%d/%s", s.Offset, s.Offset+s.Length-1, total)
}

// confirmed reads how many bytes a session holds, which are no more than were
// sent.
func confirmed(command string, a answer, sent int64) (State, error) {
	n, err := parseRange(a.header.Get("Range"))
	switch {
	case err != nil:
		return State{}, &ProtocolError{Command: command, Reason: err.Error()}
	case n > sent:
		reason := fmt.Sprintf("server claims to hold %d bytes, %d were sent", n, sent)
		return State{}, &ProtocolError{command, reason, ErrContradiction}
	}
	return State{Confirmed: n}, nil
}

// parseRange returns how many bytes a Range header counts: "bytes=0-N", in old
// guides "0-N". Without the header there are none, as with "bytes=0--1", which
// emulators write.
func parseRange(v string) (int64, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0, nil
	}
	span := v
	if len(v) > 6 && strings.EqualFold(v[:6], "bytes=") {
		span = v[6:]
	}
	if span == "0--1" {
		return 0, nil
	}
	first, last, _ := strings.Cut(span, "-")
	n, err := strconv.ParseUint(strings.TrimSpace(last), 10, 62)
	if strings.TrimSpace(first) != "0" || err != nil {
		return 0, fmt.Errorf("the Range header is %q", oneLine(v))
	}
	return int64(n) + 1, nil
}

// isFinal reports whether an answer says that the object is complete.
func isFinal(a answer) bool { return a.status == http.StatusOK || a.status == http.StatusCreated }

// final reads the answer that ends an upload.
func final(command string, a answer) (State, error) {
	switch {
	case !isFinal(a) && a.status/100 == 2:
		return State{}, &ProtocolError{Command: command, Reason: fmt.Sprintf("answered HTTP %d, neither 200 nor 201", a.status)}
	case !isFinal(a):
		return State{}, refusal(command, a)
	}
	object, err := decodeObject(a.header, a.body)
	if err != nil {
		return State{}, &ProtocolError{command, err.Error(), ErrContradiction}
	}
	return State{Final: true, Result: string(a.body), Status: a.status, Object: object}, nil
}

func refusal(command string, a answer) error {
	return DecodeError(command, a.status, a.header, a.body)
}
