package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the command that prints a secret.
func TestMain(m *testing.M) {
	switch os.Getenv("PROFILE_TEST_COMMAND") {
	case "":
		os.Exit(m.Run())
	case "print":
		fmt.Printf("  %s\n", strings.Join(os.Args[1:], " "))
	case "fail":
		fmt.Println("SECRET on stdout")
		fmt.Fprintln(os.Stderr, "SECRET on stderr")
		os.Exit(7)
	case "flood":
		for range 1 << 10 {
			fmt.Print(strings.Repeat("SECRET", 1<<10))
		}
	case "hang":
		time.Sleep(time.Hour)
	case "nothing":
	}
}

// command returns the output of this binary in the given role.
func command(ctx context.Context, role string, args ...string) (string, error) {
	return output(ctx, append([]string{os.Args[0]}, args...), append(os.Environ(), "PROFILE_TEST_COMMAND="+role))
}

func TestCommand(t *testing.T) {
	// An argument is passed as it is: no shell splits or expands it.
	if got, err := command(t.Context(), "print", "a b", "$HOME", ";", "x"); got != "a b $HOME ; x" || err != nil {
		t.Errorf("output = %q, %v", got, err)
	}
	for role, want := range map[string]string{"fail": "exit status 7", "flood": "more than 64 KiB", "nothing": "printed nothing"} {
		got, err := command(t.Context(), role)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET") || got != "" {
			t.Errorf("%s: %d bytes, %v; want an error with %q and without the secret", role, len(got), err, want)
		}
	}
	if _, err := output(t.Context(), []string{"no such program"}, nil); err == nil || !strings.Contains(err.Error(), "as a list") {
		t.Errorf("a program that does not exist: %v", err)
	}
}

func TestCommandIsStopped(t *testing.T) {
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err := command(ctx, "hang"); !errors.Is(err, stop) {
		t.Errorf("stopped: %v, want %v", err, stop)
	}
	late, done := context.WithDeadline(t.Context(), time.Now())
	defer done()
	if _, err := command(late, "hang"); err == nil || !strings.Contains(err.Error(), "within a minute") {
		t.Errorf("late: %v", err)
	}
}

func TestTokenOfCommand(t *testing.T) {
	file := fmt.Sprintf("[gopro.anna]\ntoken_command = [%q, 'to', 'ken']\n", os.Args[0])
	set, _, err := open(t, file, Options{Environ: append(os.Environ(), "PROFILE_TEST_COMMAND=print")})
	if err != nil {
		t.Fatal(err)
	}
	token, err := mustProfile(t, set, "gopro", "anna").Token(t.Context(), "token")
	if err != nil || token.Reveal() != "to ken" || token.File != "" || !strings.Contains(token.From, os.Args[0]) {
		t.Errorf("token = %q from %q, %v", token.Reveal(), token.From, err)
	}
}
