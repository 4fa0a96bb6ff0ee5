package stations

import (
	"strings"
	"testing"
)

func TestReadContinued(t *testing.T) {
	const curl = "curl 'https://api.gopro.com/media/user' \\\n  -H 'Cookie: gp_access_token=abc'\nnext command\n"
	for _, tc := range []struct{ in, want string }{
		{"token\nmore\n", "token\n"},
		{curl, "curl 'https://api.gopro.com/media/user' \\\n-H 'Cookie: gp_access_token=abc'\n"},
		{"\n\ntoken", "\n\ntoken\n"},
		{"", ""},
		{"\ufeff\nnext\n", "\ufeff\n"},
		{"[\n  {\"name\": \"a\", \"value\": []},\n  {\"name\": \"gp_access_token\",\n   \"value\": \"abc\"}\n]\nnext command\n",
			"[\n{\"name\": \"a\", \"value\": []},\n{\"name\": \"gp_access_token\",\n\"value\": \"abc\"}\n]\n"},
		{"{\"a\": 1}\nnext\n", "{\"a\": 1}\n"},
		{"{\n\"a\": ", "{\n\"a\":\n"},
		{"# Netscape HTTP Cookie File\n# comment\n\n.gopro.com\tTRUE\t/\tTRUE\t0\tgp_user_id\tx\n.gopro.com\tTRUE\t/\tTRUE\t0\tgp_access_token\tabc\nnext\n",
			"# Netscape HTTP Cookie File\n# comment\n\n.gopro.com\tTRUE\t/\tTRUE\t0\tgp_user_id\tx\n.gopro.com\tTRUE\t/\tTRUE\t0\tgp_access_token\tabc\n"},
	} {
		if got, err := readContinued(strings.NewReader(tc.in)); err != nil || got != tc.want {
			t.Errorf("readContinued(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
		}
	}
}
