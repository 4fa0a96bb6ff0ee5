package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestFault(t *testing.T) {
	f := &Fault{Class: ItemFault, Code: CodeGone, Op: "open x", Err: io.EOF, Hint: "look", RetryAfter: time.Minute}
	for _, tc := range []struct {
		name  string
		err   error
		class Class
		code  string
		hint  string
		after time.Duration
		text  string
	}{
		{"fault", f, ItemFault, CodeGone, "look", time.Minute, "open x: EOF"},
		{"wrapped", fmt.Errorf("carry: %w", f), ItemFault, CodeGone, "look", time.Minute, "carry: open x: EOF"},
		{"op only", &Fault{Class: SessionWide, Op: "sign in"}, SessionWide, "", "", 0, "sign in"},
		{"cause only", &Fault{Class: Transient, Err: io.EOF}, Transient, "", "", 0, "EOF"},
		{"unknown", io.EOF, Transient, "", "", 0, "EOF"},
		{"cancelled", context.Canceled, SessionWide, "", "", 0, "context canceled"},
	} {
		if ClassOf(tc.err) != tc.class || CodeOf(tc.err) != tc.code || HintOf(tc.err) != tc.hint || RetryAfterOf(tc.err) != tc.after {
			t.Errorf("%s: %s %s %q %v", tc.name, ClassOf(tc.err), CodeOf(tc.err), HintOf(tc.err), RetryAfterOf(tc.err))
		}
		if tc.err.Error() != tc.text {
			t.Errorf("%s: %q, want %q", tc.name, tc.err, tc.text)
		}
	}
	if !errors.Is(f, io.EOF) {
		t.Error("a fault hides its cause")
	}
}

func TestCredentialsAreNotLogged(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x",
		"checkpoint", Checkpoint{URL: "https://up/SECRET", HashState: []byte("SECRET"), Size: 7},
		"receipt", Receipt{Token: "SECRET", Size: 8})
	if s := out.String(); strings.Contains(s, "SECRET") || !strings.Contains(s, `"size":7`) || !strings.Contains(s, `"size":8`) {
		t.Errorf("logged %s", s)
	}
}
