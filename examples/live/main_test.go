package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
)

func TestRunIsPausedAndHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		if err := run(t.Context(), &out, 16); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"discovery: running\n",
			"paused: 0 in flight\nresumed at half the limit, two files at a time\n",
			"complete: 25 items, 0 bytes sent again\n",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the output lacks %q:\n%s", want, out.String())
			}
		}
	})
}
