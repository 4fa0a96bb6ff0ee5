package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestError(t *testing.T) {
	e := &Error{Class: Item, Code: Gone, Op: "open x", Err: io.EOF, Hint: "look", RetryAfter: time.Minute}
	for _, tc := range []struct {
		name  string
		err   error
		class Class
		code  string
		hint  string
		after time.Duration
		text  string
	}{
		{"error", e, Item, Gone, "look", time.Minute, "open x: EOF"},
		{"wrapped", fmt.Errorf("carry: %w", e), Item, Gone, "look", time.Minute, "carry: open x: EOF"},
		{"op only", &Error{Class: Session, Op: "sign in"}, Session, "", "", 0, "sign in"},
		{"cause only", &Error{Class: Transient, Err: io.EOF}, Transient, "", "", 0, "EOF"},
		{"unknown", io.EOF, Transient, "", "", 0, "EOF"},
		{"cancelled", context.Canceled, Session, "", "", 0, "context canceled"},
	} {
		if ClassOf(tc.err) != tc.class || CodeOf(tc.err) != tc.code || HintOf(tc.err) != tc.hint || RetryAfterOf(tc.err) != tc.after {
			t.Errorf("%s: %s %s %q %v", tc.name, ClassOf(tc.err), CodeOf(tc.err), HintOf(tc.err), RetryAfterOf(tc.err))
		}
		if tc.err.Error() != tc.text {
			t.Errorf("%s: %q, want %q", tc.name, tc.err, tc.text)
		}
	}
	if !errors.Is(e, io.EOF) {
		t.Error("an Error hides its cause")
	}
}
