package auth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// pasteRedirect is where Google's page leads when the browser may be on
// another machine: nothing listens there, and the address has all that counts.
const pasteRedirect = "http://127.0.0.1:53199/"

// Paste logs in with a browser on any machine. Ask is given the address of
// Google's page, and returns what the user pasted: the address the browser
// ended on, or the code in it. Ask must return when its ctx ends; [Prompt] is
// one for terminals.
//
// Refusal, a wrong answer and no answer are faults of class Session with code
// [fault.Auth]; missing scopes without which nothing works have code
// [fault.Scope].
func (l Login) Paste(ctx context.Context, ask func(ctx context.Context, authURL string) (string, error)) (*Result, error) {
	l = l.withDefaults()
	if err := l.Store.checkReplaceable(); err != nil {
		return nil, err
	}
	redirect := pasteRedirect
	if l.Client.Web {
		registered, err := l.Client.loopbackRedirect()
		if err != nil {
			return nil, err
		}
		redirect = registered.String()
	}
	a := l.begin(redirect)
	patient, cancel := l.patience(ctx)
	defer cancel()
	pasted, err := ask(patient, a.url())
	if patient.Err() != nil {
		return nil, context.Cause(patient)
	}
	if err != nil {
		return nil, err
	}
	code, err := parsePasted(pasted, a.state)
	if err != nil {
		return nil, err
	}
	return a.finish(ctx, code)
}

// Prompt returns an ask function for [Login.Paste] that explains itself on out
// and reads one line from in. When ctx ends first, the reading goes on in the
// background until in gives a line or ends.
func Prompt(in io.Reader, out io.Writer) func(ctx context.Context, authURL string) (string, error) {
	return func(ctx context.Context, authURL string) (string, error) {
		_, err := fmt.Fprintf(out, "Open this page in any browser and allow access:\n\n%s\n\n"+
			"The browser then ends on a page that it cannot show. Paste that page's address here:\n", authURL)
		if err != nil {
			return "", err
		}
		type reading struct {
			line string
			err  error
		}
		done := make(chan reading, 1)
		go func() {
			line, err := readLine(in)
			done <- reading{line, err}
		}()
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case r := <-done:
			return r.line, r.err
		}
	}
}

// readLine reads the first line that is not blank.
func readLine(in io.Reader) (string, error) {
	lines := bufio.NewScanner(io.LimitReader(in, 2*maxPasted))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			return line, nil
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return "", err
	}
	return "", nil
}
