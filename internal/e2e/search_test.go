package e2e

import (
	"encoding/base64"
	"net/url"
	"slices"
	"testing"
)

// The search itself finds a secret in every writing and amid anything.
func TestSearchFindsEveryWriting(t *testing.T) {
	w := newWiretap(t, "http://127.0.0.1:1", "http://127.0.0.1:1")
	const token, password = `4/0Ab+"quoted"&more/é`, "hunter2!"
	w.learn("code", token)
	w.learn("password", password)
	leaks := w.search()
	for _, written := range []string{
		token, url.QueryEscape(token), url.PathEscape(token), `4/0Ab+\"quoted\"&more/é`, `4/0Ab+\"quoted\"\u0026more/é`,
		base64.StdEncoding.EncodeToString([]byte(token)), base64.RawURLEncoding.EncodeToString([]byte(token)),
	} {
		for _, text := range []string{written, "4/0Ab+" + written, written + password, password + written} {
			if !slices.Contains(leaks(text), "code") {
				t.Errorf("not found in %q", text)
			}
		}
	}
	if got := leaks("hunter2"); len(got) > 0 {
		t.Errorf("found %v in a beginning", got)
	}
	if got := leaks("hunter2! and hunter2!"); !slices.Equal(got, []string{"password"}) {
		t.Errorf("found %v", got)
	}
}
